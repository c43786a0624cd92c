/** Observing and fetching over one exec: the request as bytes for stdin, the answer as data. Pure; the caller has the connection. */
import type { Observation, ObserveRequest } from '../engine/observation.ts';
import { FieldReader } from './fields.ts';
import { Answer, readRecord } from './observation-records.ts';
import { bashArray, bashWord, requireAbsolute, streamedCommand } from './request.ts';
import { joinScripts } from './scripts.ts';

/** An observation that takes longer is ended on the host, s. */
const OBSERVE_SECONDS_MAX = 60;

/** What to exec for `encodeObserve`. */
export function observeCommand(): string {
  return streamedCommand(OBSERVE_SECONDS_MAX);
}

/**
 * stdin of `observeCommand`: the script and what it shall look at. One round trip for any number of resources.
 * @throws HostRequestError for a value that no host could be asked about.
 */
export function encodeObserve(request: ObserveRequest): Uint8Array {
  const { commands } = request;
  return Buffer.from(
    [
      joinScripts(['base', 'state', 'images', 'observe']),
      bashArray('WANT_PATHS', request.paths.map(requireAbsolute)),
      bashArray('WANT_UNITS', request.units),
      bashArray('WANT_IMAGES', request.images),
      bashArray('WANT_ZONES', request.zonePaths.map(requireAbsolute)),
      bashArray(
        'WANT_CMD_ID',
        commands.map(({ id }) => id),
      ),
      bashArray(
        'WANT_CMD_CREATES',
        commands.map(({ creates }) => creates ?? ''),
      ),
      bashArray(
        'WANT_CMD_UNLESS',
        commands.map(({ unless }) => unless ?? ''),
      ),
      'observe',
      '',
    ].join('\n'),
  );
}

/** What to exec for `encodeFetch`. */
export function fetchCommand(): string {
  return streamedCommand(OBSERVE_SECONDS_MAX);
}

/** stdin of `fetchCommand`. Files over `maxBytes` are not sent. */
export function encodeFetch(paths: readonly string[], maxBytes: number): Uint8Array {
  return Buffer.from(
    [
      joinScripts(['base', 'fetch']),
      bashArray('WANT_PATHS', paths.map(requireAbsolute)),
      `WANT_BYTES=${bashWord(String(Math.trunc(maxBytes)))}`,
      'fetch',
      '',
    ].join('\n'),
  );
}

/** Contents by path; what is no regular file, or larger than asked for, is left out. */
export function parseFetch(stdout: Buffer): ReadonlyMap<string, Buffer> {
  const reader = new FieldReader(stdout);
  const files = new Map<string, Buffer>();
  for (let type = reader.type(); type !== 'end'; type = reader.type()) {
    const path = reader.text();
    if (type === 'file') files.set(path, Buffer.from(reader.text(), 'base64'));
    else if (type === 'large') reader.count();
    else if (type !== 'absent') throw reader.misread('unknown record');
  }
  return files;
}

/**
 * The answer to `encodeObserve`. Paths and units that the host said nothing about are absent or not found.
 * @throws HostAnswerError when it is not a complete answer, with the host's words.
 */
export function parseObservation(stdout: Buffer, request?: ObserveRequest): Observation {
  const reader = new FieldReader(stdout);
  const answer = new Answer();
  for (let type = reader.type(); type !== 'end'; type = reader.type()) readRecord(reader, type, answer);
  const { facts, slot, lease, reverted, ...rest } = answer;
  if (facts === undefined) throw reader.misread('no facts in it');
  for (const path of request?.paths ?? []) if (!rest.paths.has(path)) rest.paths.set(path, { type: 'absent' });
  const until = (uptime: number): number => Math.ceil(uptime - facts.uptimeSec);
  return {
    facts,
    ...rest,
    ...(reverted === undefined ? {} : { reverted }),
    ...(slot === undefined
      ? {}
      : {
          slot: {
            id: slot.id,
            kind: slot.kind,
            state: slot.state,
            run: slot.run,
            owner: slot.owner,
            ...(slot.deadline === undefined ? {} : { deadlineInSec: until(slot.deadline) }),
          },
        }),
    ...(lease === undefined
      ? {}
      : {
          lease: {
            owner: lease.owner,
            run: lease.run,
            purpose: lease.purpose,
            expiresInSec: until(lease.expires),
            heldForSec: -until(lease.taken),
          },
        }),
  };
}
