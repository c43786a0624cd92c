/** The helper's short verbs, streamed, so that they work on a host that has nothing of ours. Each answers with JSON lines (steps.ts). */
import { createHash } from 'node:crypto';
import type { ManagedEntry, PodmanSecretEntry } from '../engine/observation.ts';
import type { TemporaryState } from '../playbook/temporary-state.ts';
import { sudo } from '../ssh/sudo.ts';
import { HostRequestError } from './errors.ts';
import { FieldReader } from './fields.ts';
import { type HelperOptions, helperText, helperVersion, installedText } from './helper.ts';
import { type Manifest, readManaged } from './managed.ts';
import { bashWord, streamedCommand } from './request.ts';

/** A confirm or release is over in milliseconds; a revert restarts services. s */
const VERB_SECONDS_MAX = 60;
const REVERT_SECONDS_MAX = 300;

/** What to exec, and what to write to its stdin, which is then closed. */
export interface HostCall {
  readonly command: string;
  readonly stdin: Uint8Array;
}

export interface LeaseRequest {
  /** Random, new for each acquire (crypto.randomUUID); the same again is a repetition of it. */
  readonly token: string;
  /** `user@controller`. */
  readonly owner: string;
  readonly run: string;
  /** What for, in a few words: `deploy-dns on ns1`. */
  readonly purpose: string;
  /** The lease runs out so long after its last renewal, s. */
  readonly ttlSec: number;
  /** Keep the host from rebooting: for members that stand in while another one is changed. */
  readonly inhibit: boolean;
  /** It is held already, and `locked` when it was lost meanwhile: only the inhibitor changes. Default false. */
  readonly isHeld?: boolean;
}

/** Takes the host: answers `lease`, or the error `locked` with its holder. Also ends the inhibitor when `inhibit` is false. */
export function acquireCall({ token, owner, run, purpose, ttlSec, inhibit, isHeld }: LeaseRequest): HostCall {
  const flags = [inhibit, isHeld === true].map((flag) => (flag ? '1' : '0'));
  return call(['acquire', token, owner, run, purpose, String(Math.ceil(ttlSec)), ...flags]);
}

/** Answers `lease`, or `locked` when the lease is not ours any more. */
export function renewCall(token: string): HostCall {
  return call(['renew', token]);
}

/** Answers `released`, also when the lease is somebody else's by now; `locked` while our change set is open. */
export function releaseCall(token: string): HostCall {
  return call(['release', token]);
}

/**
 * Enters a temporary state under the lease `token`: answers `held` once it is proven, or the error `hold` with the scripts' words.
 * The unit that holds it leaves it when the lease ends.
 */
export function holdCall(token: string, { name, withinSec, enter, proven, leave }: TemporaryState): HostCall {
  return call(['hold', token, requireStateName(name), String(Math.ceil(withinSec)), enter, proven, leave]);
}

/** Leaves it: answers `left` once everything is as before; also when it was not held. */
export function unholdCall({ name, leftWithinSec, left }: TemporaryState): HostCall {
  return {
    command: streamedCommand(VERB_SECONDS_MAX + Math.ceil(leftWithinSec)),
    stdin: encodeVerb('unhold', requireStateName(name), String(Math.ceil(leftWithinSec)), left),
  };
}

/** It becomes part of a unit's name. */
function requireStateName(name: string): string {
  if (!/^[a-z][a-z0-9-]{0,30}$/.test(name))
    throw new HostRequestError(`${name} is no name for a temporary state`, {
      remedy: 'Use lower-case letters, digits and dashes.',
    });
  return name;
}

/** A person takes any lease away and puts a failed slot aside: `unlocked`; `locked` when a change set is open, which ends by itself. */
export function unlockCall(): HostCall {
  return call(['unlock']);
}

/** Ends a change set: nothing reverts it any more. Sent over a connection that was made after it was applied. Repeatable. */
export function confirmCall(id: string, bootId: string): HostCall {
  return call(['confirm', id, bootId]);
}

/** Undoes the open change set `id` now: `revert` … `reverted`, or `status` when it had ended. Kills its apply when that still runs. */
export function revertCall(id: string): HostCall {
  return { command: streamedCommand(REVERT_SECONDS_MAX), stdin: encodeVerb('revert_request', id) };
}

/** Asks how a change set stands or ended. */
export function statusCall(id: string): HostCall {
  return call(['status', id]);
}

/** Lists the kept generations: lines `generation`, oldest first. */
export function generationsCall(): HostCall {
  return call(['generations']);
}

/** The files of generation `number`, for `parseGeneration`. */
export function generationCall(number: number): HostCall {
  return call(['generation', String(number)]);
}

export interface Generation {
  readonly managed: readonly ManagedEntry[];
  readonly podmanSecrets?: readonly PodmanSecretEntry[];
  /** By sha256. */
  readonly contents: ReadonlyMap<string, Buffer>;
}

/** undefined: the host has no such generation (any more). */
export function parseGeneration(stdout: Buffer): Generation | undefined {
  const reader = new FieldReader(stdout);
  let manifest: Manifest | undefined;
  const contents = new Map<string, Buffer>();
  for (let type = reader.type(); type !== 'end'; type = reader.type()) {
    if (type === 'managed') manifest = readManaged(reader);
    else if (type === 'file') contents.set(reader.text(), Buffer.from(reader.text(), 'base64'));
    else throw reader.misread('unknown record');
  }
  return manifest === undefined ? undefined : { ...manifest, contents };
}

/**
 * Installs this program's helper and the guard's units, and proves that they work there: `installed`.
 * Needed when facts.helperVersion of a host is not `helperVersion()`; under the host's lease, before the first change set.
 */
export function installCall(options: HelperOptions = {}): HostCall {
  const helper = Buffer.from(installedText(options));
  const digest = createHash('sha256').update(helper).digest('hex');
  const script = Buffer.from(
    `${helperText(options)}\nmain install_helper ${helperVersion(options)} ${helper.length} ${digest}\n`,
  );
  return {
    command: sudo([
      'timeout',
      '-k',
      '5',
      String(VERB_SECONDS_MAX),
      '/bin/bash',
      '-c',
      `eval "$(head -c ${script.length})"`,
    ]),
    stdin: Buffer.concat([script, helper]),
  };
}

function call(words: readonly string[]): HostCall {
  return verbCall(words);
}

/** A verb with its arguments, streamed; the host ends it after `seconds`. */
export function verbCall(words: readonly string[], seconds: number = VERB_SECONDS_MAX): HostCall {
  return { command: streamedCommand(seconds), stdin: encodeVerb(...words) };
}

function encodeVerb(...words: readonly string[]): Uint8Array {
  return Buffer.from(`${helperText({})}\nmain ${words.map(bashWord).join(' ')}\n`);
}
