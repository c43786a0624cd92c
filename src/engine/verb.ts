/** One short verb of the helper over a connection, and its last word. */
import { HostAnswerError } from '../host/errors.ts';
import { type HostStep, parseStep } from '../host/steps.ts';
import type { HostCall } from '../host/verbs.ts';
import type { Connection } from '../ssh/transport.ts';
import { ApplyError, HostLockedError } from './errors.ts';
import { requireSuccess } from './host-agent.ts';
import { lockedMessage } from './locked.ts';
import { remedyFor } from './refusal-remedies.ts';
import type { RunContext } from './run-context.ts';

/** All lines of a verb, parsed. Throws when it said nothing. */
export async function callHost(
  ctx: RunContext,
  connection: Connection,
  call: HostCall,
  what: string,
  timeoutMs: number = ctx.deadlines.confirmMs,
): Promise<readonly HostStep[]> {
  const result = await connection.exec(call.command, { what, timeoutMs, stdin: call.stdin });
  const lines = result.stdout
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '');
  if (lines.length > 0) return lines.map(parseStep);
  requireSuccess(ctx, connection, result, what);
  throw new HostAnswerError(`${connection.host}: ${what}: the host said nothing`, {
    host: connection.host,
    remedy: 'Run the same command again.',
  });
}

/** The last line of a verb that must end with `kind`. Throws HostLockedError, or ApplyError with the host's words: why, not that it was undone afterwards. */
export async function callFor<K extends HostStep['kind']>(
  ctx: RunContext,
  connection: Connection,
  call: HostCall,
  what: string,
  kind: K,
  timeoutMs?: number,
): Promise<Extract<HostStep, { readonly kind: K }>> {
  const steps = await callHost(ctx, connection, call, what, timeoutMs);
  const end = steps.at(-1);
  if (end?.kind === kind) return end as Extract<HostStep, { readonly kind: K }>;
  const { host } = connection;
  const last = steps.findLast((step) => step.kind === 'error') ?? end;
  if (last?.kind !== 'error') {
    throw new HostAnswerError(`${host}: ${what}: the host answered ${last?.kind ?? 'nothing'} instead of ${kind}`, {
      host,
      remedy: 'Run the same command again.',
    });
  }
  if (last.error === 'locked')
    throw new HostLockedError(lockedMessage(host, last.holder, last.message), {
      host,
      remedy: `Wait for it (--wait-lock SECONDS), see run status ${host}, or take the lock away: run unlock ${host}`,
    });
  throw new ApplyError(`${host}: ${what}: ${last.message}`, {
    host,
    detail: last.detail,
    remedy: remedyFor(last.error),
  });
}
