/** The `command` resource: what no other resource says. */
import { ResourceError } from './errors.ts';
import { withoutSecret } from './no-secret.ts';
import { checkedPath } from './paths.ts';
import type { CommandResource, Resource, ResourceId } from './types.ts';

export interface CommandOptions {
  /** Run by bash -c as root, with LC_ALL=C. */
  readonly script: string;
  readonly creates?: string;
  readonly unless?: string;
  readonly onChangeOf?: readonly (ResourceId | Pick<Resource, 'id'>)[];
  readonly changedWhen?: RegExp;
  readonly undo?: string;
  /** Default 60 s. */
  readonly timeoutSec?: number;
}

/** Needs `creates`, `unless` or `onChangeOf`, since a command that always runs is never "as described". */
export function command(name: string, options: CommandOptions): CommandResource {
  if (options.creates === undefined && options.unless === undefined && options.onChangeOf === undefined) {
    throw new ResourceError(`command ${JSON.stringify(name)} says neither \`creates\`, \`unless\` nor \`onChangeOf\``, {
      remedy: 'Say when it need not run; otherwise every run would change the host.',
    });
  }
  return {
    kind: 'command',
    id: `command:${name}`,
    name,
    script: withoutSecret(options.script, `command ${JSON.stringify(name)}`),
    timeoutSec: options.timeoutSec ?? 60,
    ...(options.creates === undefined ? {} : { creates: checkedPath(options.creates) }),
    ...(options.unless === undefined ? {} : { unless: options.unless }),
    ...(options.onChangeOf === undefined
      ? {}
      : { onChangeOf: options.onChangeOf.map((trigger) => (typeof trigger === 'string' ? trigger : trigger.id)) }),
    ...(options.changedWhen === undefined ? {} : { changedWhen: options.changedWhen.source }),
    ...(options.undo === undefined ? {} : { undo: options.undo }),
  };
}
