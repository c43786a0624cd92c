/** A small service for tests of the helper: its files lie on two mounts, and it says what it loaded, so that any mixture shows. */
import { createHash, randomBytes } from 'node:crypto';
import type { ChangeSet, FileChange } from '../../src/engine/change-set.ts';
import type { ManagedEntry, Observation } from '../../src/engine/observation.ts';

/** The folders and units of the demonstration service. `a.conf` is in /etc, `b.conf` in /var. */
export const PATHS = {
  etc: '/etc/demo/a.conf',
  var: '/var/lib/demo/b.conf',
  unit: '/etc/systemd/system/demo.service',
} as const;

const UNIT = `[Unit]
Description=loads both files when it starts or reloads
[Service]
Type=exec
ExecStartPre=/bin/sh -c 'cat /etc/demo/a.conf /var/lib/demo/b.conf >/run/demo.loaded'
ExecStart=/bin/sleep inf
ExecReload=/bin/sh -c 'cat /etc/demo/a.conf /var/lib/demo/b.conf >/run/demo.loaded'
[Install]
WantedBy=multi-user.target
`;

export interface DemoOptions {
  readonly confirmWithinSec?: number;
  readonly action?: 'restart' | 'reload';
  readonly settleSec?: number;
  readonly unitText?: string;
  readonly extra?: Partial<ChangeSet>;
}

/** A change set that brings both files of the service to `version`. */
export function demoChangeSet(
  version: string,
  seen: Observation,
  { confirmWithinSec = 30, action = 'restart', settleSec = 0, unitText = UNIT, extra = {} }: DemoOptions = {},
): ChangeSet {
  const files = [
    fileChange(seen, PATHS.etc, `${version}\n`),
    fileChange(seen, PATHS.var, `${version}\n`),
    ...(hashOf(seen, PATHS.unit) === sha256(unitText) ? [] : [fileChange(seen, PATHS.unit, unitText)]),
  ];
  return {
    id: randomBytes(6).toString('hex'),
    run: 'run-1',
    owner: 'tester@desk',
    bootId: seen.facts.bootId,
    confirmWithinSec,
    directories: ['/etc/demo', '/var/lib/demo']
      .filter((path) => seen.paths.get(path)?.type === 'absent')
      .map((path) => ({ path, action: 'create', mode: 0o755, owner: 'root', group: 'root' })),
    files,
    quadlets: [],
    images: [],
    validations: [],
    daemonReload: files.length === 3,
    units: [
      {
        unit: 'demo.service',
        action: seen.units.get('demo.service')?.active === 'active' ? action : 'restart',
        when: 'after',
        settleSec,
      },
    ],
    commands: [],
    managed: [managed(PATHS.etc, `${version}\n`), managed(PATHS.var, `${version}\n`), managed(PATHS.unit, unitText)],
    serials: [],
    ...extra,
  };
}

export function sha256(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('hex');
}

function hashOf(seen: Observation, path: string): string | undefined {
  const state = seen.paths.get(path);
  return state?.type === 'file' ? state.sha256 : undefined;
}

export function fileChange(seen: Observation, path: string, text: string | null): FileChange {
  const present = seen.paths.get(path);
  const before =
    present?.type === 'file'
      ? { sha256: present.sha256 ?? '', mode: present.mode, owner: present.owner, group: present.group }
      : null;
  return { path, content: text === null ? null : Buffer.from(text), mode: 0o644, owner: 'root', group: 'root', before };
}

export function managed(path: string, text: string): ManagedEntry {
  return {
    role: 'demo',
    kind: 'file',
    path,
    sha256: sha256(text),
    mode: 0o644,
    owner: 'root',
    group: 'root',
    unit: '',
  };
}
