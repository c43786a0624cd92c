/** How a scripted host puts itself into the helper's wire format, and reads what it is asked. */
import { sha256 } from '../../../src/engine/plan-files.ts';
import { helperVersion } from '../../../src/host/helper.ts';
import type { ExecResult } from '../../../src/ssh/transport.ts';
import type { Release } from '../../../src/upgrade/release.ts';
import type { FakeOsHost } from './fake-os-host.ts';

export const CONFIG = '/etc/web/conf';
export const CONTENT = 'a\n';

export function encodeLook(host: FakeOsHost): Buffer {
  const all = [...(host.staged === undefined ? [] : [host.staged]), ...host.disk];
  const shown = all.map((one) => ({
    osname: 'fedora-coreos',
    checksum: one.release.checksum,
    serial: Number(one.name.split('.')[1]),
    booted: one === host.booted,
    staged: one === host.staged,
    pinned: false,
    unlocked: 'none',
    version: one.release.version,
    timestamp: one.release.timestampSec ?? 0,
    origin: 'fedora:fedora/x86_64/coreos/stable',
    'requested-packages': [],
  }));
  const ordered = [...shown].sort((a, b) => Number(b.staged) - Number(a.staged) || Number(b.booted) - Number(a.booted));
  const ostree = ordered.map(({ checksum, serial, staged }) => ({ checksum, serial, 'finalization-locked': staged }));
  const status = {
    deployments: ordered,
    transaction: host.transaction === null ? null : [host.transaction, '', ''],
    'cached-update': null,
    'update-driver': null,
  };
  const { slot } = host;
  const fields = [
    ...['coreos-infra', '1', 'host', host.bootId, '100', host.booted.name, ''],
    ...['rpm-ostree', '0', JSON.stringify(status), ''],
    ...['ostree', '0', JSON.stringify({ deployments: ostree }), ''],
    ...host.denied.flatMap((one) => ['denied', ...one]),
    ...(slot === undefined
      ? []
      : [
          'slot',
          slot.id,
          slot.run,
          'admin@desk',
          slot.state,
          slot.action,
          slot.from,
          slot.to,
          slot.toVersion,
          slot.target,
          slot.cause,
          slot.trialBoot,
          '60',
        ]),
    ...host.past.flatMap(({ slot: ended, state, reason }) => [
      'past',
      ended.id,
      ended.run,
      'admin@desk',
      '1',
      state,
      ended.action,
      ended.from,
      '',
      ended.to,
      ended.toVersion,
      ended.target,
      ended.cause,
      reason,
      '0',
      '0',
    ]),
  ];
  return Buffer.from(`${[...fields, 'end'].join('\0')}\0`);
}

export function encodeObservation(host: FakeOsHost): Buffer {
  const fields = [
    ...['coreos-infra', '1', 'facts', host.bootId, host.version, 'fedora', host.name, '1', '100', helperVersion()],
    ...[
      'path',
      'f',
      '644',
      'root',
      'root',
      String(host.content.length),
      '0',
      '',
      CONFIG,
      `${sha256(host.content)}  ${CONFIG}`,
    ],
    ...['unit', 'web.service', 'loaded', host.unit, 'running', 'enabled', 'no', '0'],
    ...(host.isDeployed ? ['managed', '8', 'web', 'file', CONFIG, sha256(CONTENT), '644', 'root', 'root', ''] : []),
  ];
  if (host.slot !== undefined)
    fields.push('slot', host.slot.id, 'os', host.slot.state, host.slot.run, 'admin@desk', '160');
  return Buffer.from(`${[...fields, 'end'].join('\0')}\0`);
}

export function refusal(step: string, error: string): object {
  return { step, error, message: `${step} says ${error}`, detail: [] };
}

export function resolved({ version, checksum, timestampSec }: Release): object {
  return { step: 'resolved', version, checksum, timestamp: String(timestampSec) };
}

export function done(stdout: string | Buffer): ExecResult {
  return { code: 0, stdout: Buffer.from(stdout), stderr: Buffer.alloc(0) };
}

export function bootId(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
}

/** The verb and its arguments: the last line of a streamed helper, or the words behind an installed one. */
export function wordsOf(stdin: string, command: string): readonly string[] {
  const streamed = /\nmain ([^\n]+)\n(?:$|[^\n]*\n$)/.exec(stdin)?.[1];
  if (streamed !== undefined) return split(streamed);
  if (/\nos_resolve\n$/.test(stdin)) return ['os_resolve'];
  const words = split(command);
  const verb = words.findIndex((word) => /^os_[a-z]+$/.test(word));
  if (verb < 0) throw new Error(`the fake host does not understand ${command.slice(0, 80)}`);
  return words.slice(verb);
}

function split(text: string): readonly string[] {
  return [...text.matchAll(/'((?:[^']|'\\'')*)'|(\S+)/g)].map(([, quoted, plain]) =>
    (quoted ?? plain ?? '').replaceAll("'\\''", "'"),
  );
}
