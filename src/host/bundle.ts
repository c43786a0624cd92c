/** A change set as the bytes that a host receives: the helper, then one tar with the plan, the new files and their contents by hash. */
import { createHash } from 'node:crypto';
import type { ChangeSet, FileChange } from '../engine/change-set.ts';
import type { Validation } from '../resources/types.ts';
import { exposeSecret, Secret } from '../secrets/secret.ts';
import { sudo } from '../ssh/sudo.ts';
import { HostRequestError } from './errors.ts';
import { HELPER_FOLDER, helperVersion } from './helper.ts';
import { encodeManaged } from './managed.ts';
import { requireAbsolute, requireNoNul } from './request.ts';
import { packTar, type TarEntry } from './tar.ts';

export interface Bundle {
  /** Everything for stdin before `go`. stdin stays open after it. */
  readonly bytes: Uint8Array;
  /** What to exec on the host: write `bytes` to its stdin, read steps (steps.ts), answer `ready` with the line `go`. */
  readonly command: string;
}

export interface BundleOptions {
  /** Of the lease that was acquired on this host (lease.ts): the host takes the change set only under it. */
  readonly token: string;
  /**
   * For the repair of a host that does not serve, without the leases of its group: a script that exits 0 when the host serves.
   * The host runs it at `go` and refuses (`serves`) when it does.
   */
  readonly unlessServes?: string;
  /** Lab builds only: the helper with fault.sh in it. */
  readonly faults?: boolean;
}

/**
 * A change set for the helper that is installed on the host in this program's version (install.ts). It runs as a unit of its own:
 * it lives on when the session dies, and the guard can kill it as a whole.
 * @throws HostRequestError for paths that are not absolute, or values with NUL bytes.
 */
export function encodeBundle(changeSet: ChangeSet, options: BundleOptions): Bundle {
  const helper = helperVersion(options);
  const header = ['token', options.token, 'helper', helper, 'unless', options.unlessServes ?? ''];
  const tar = packTar(entries(changeSet, header));
  const words = ['apply', String(tar.length), hash(tar), changeSet.id, options.token];
  return {
    bytes: tar,
    command: sudo([
      ...unitOf(changeSet.id, `applies change set ${changeSet.id}`),
      '/bin/bash',
      '-c',
      CHECKED_HELPER,
      'bash',
      helper,
      ...words,
    ]),
  };
}

/** A unit that the guard can kill as a whole. systemd-run(1): --pipe hands our stdin and stdout on; expansion of $ is bash's business, not systemd's. */
export function unitOf(name: string, what: string): readonly string[] {
  return [
    'systemd-run',
    '--quiet',
    '--collect',
    '--pipe',
    '--wait',
    '--expand-environment=no',
    `--unit=coreos-infra-apply-${name}`,
    `--description=coreos-infra ${what}`,
    '--',
  ];
}

/** Runs the installed helper when its hash is the one that was asked for: $1 its version, then the verb. */
export const CHECKED_HELPER = `h=${HELPER_FOLDER}/$1/helper; read -r s _ < <(sha256sum -- "$h" 2>/dev/null)
if [[ $s == "$1"* ]]; then exec /bin/bash "$h" "\${@:2}"; fi
printf '{"step":"receive","error":"helper","message":"the helper %s is not installed on the host, or was changed there","detail":[]}\\n' "$1"
exit 1`;

/** Folders of all files, numbered: files are staged, saved, swapped and put back folder by folder. */
function folders(files: readonly FileChange[]): ReadonlyMap<string, number> {
  return new Map([...new Set(files.map(({ path }) => folderOf(path)))].map((path, index) => [path, index]));
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Here, on its way to the host's stdin, a secret is what it is. */
function bytesOf(content: Uint8Array | Secret): Uint8Array {
  return content instanceof Secret ? exposeSecret(content) : content;
}

function hash(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

function entries(changeSet: ChangeSet, header: readonly string[]): readonly TarEntry[] {
  const numbers = folders(changeSet.files);
  const contents = new Map<string, Uint8Array>();
  const staged = changeSet.files.flatMap(({ path, content: wanted, mode, owner, group }): TarEntry[] => {
    if (wanted === null) return [];
    const content = bytesOf(wanted);
    contents.set(hash(content), content);
    return [{ name: `new/${numbers.get(folderOf(path))}/${nameOf(path)}`, content, mode, owner, group }];
  });
  const scratch = changeSet.validations.flatMap(({ scratch: files }, index) =>
    files.map(
      ({ as, content }): TarEntry => ({
        name: `scratch/${index}/${requireRelative(as)}`,
        content: Buffer.from(content),
      }),
    ),
  );
  return [
    { name: 'plan', content: Buffer.from(encodePlan(changeSet, numbers, header)) },
    { name: 'managed', content: Buffer.from(encodeManaged(changeSet.managed, changeSet.podmanSecrets)) },
    ...staged,
    { name: 'objects/' },
    ...[...contents].map(([sha256, content]): TarEntry => ({ name: `objects/${sha256}`, content })),
    ...scratch,
    ...(changeSet.newSecrets ?? []).map(
      ({ hostName, value }): TarEntry => ({ name: `secrets/${hostName}`, content: exposeSecret(value), mode: 0o600 }),
    ),
  ];
}

/** The records that plan.sh reads, each field ended by NUL. */
function encodePlan(changeSet: ChangeSet, numbers: ReadonlyMap<string, number>, header: readonly string[]): string {
  const records = [
    [
      'format',
      '1',
      'kind',
      'config',
      'id',
      changeSet.id,
      'run',
      changeSet.run,
      'owner',
      changeSet.owner,
      'boot',
      changeSet.bootId,
      'within',
      String(changeSet.confirmWithinSec),
      ...header,
      'entries',
    ],
    ...[...numbers].map(([path, index]) => ['folder', String(index), requireAbsolute(path)]),
    ...changeSet.files.map((file) => fileRecord(file, numbers)),
    ...changeSet.directories.map(({ action, path, mode, owner, group }) => [
      'directory',
      action,
      requireAbsolute(path),
      mode.toString(8),
      owner,
      group,
    ]),
    ...changeSet.quadlets.map(({ path, unit }) => ['quadlet', path, unit]),
    ...changeSet.images.map((name) => ['image', name]),
    ...(changeSet.newSecrets ?? []).map(({ hostName }) => ['secret', hostName]),
    ...changeSet.serials.map(({ zone, serial }) => ['serial', zone, String(serial)]),
    ['reload', changeSet.daemonReload ? '1' : '0'],
    ...changeSet.validations.map(validationRecord),
    ...changeSet.units.map(({ unit, action, when, settleSec }) => [
      'unit',
      unit,
      action,
      when,
      String(Math.ceil(settleSec)),
    ]),
    ...changeSet.commands
      .toSorted((a, b) => a.step - b.step)
      .map(({ id, timeoutSec, script, undo }) => ['command', id, String(Math.ceil(timeoutSec)), script, undo ?? '']),
  ];
  return records.map((record) => record.map((field) => `${requireNoNul(field)}\0`).join('')).join('');
}

function fileRecord(
  { path, content, mode, owner, group, before }: FileChange,
  numbers: ReadonlyMap<string, number>,
): readonly string[] {
  requireAbsolute(path);
  const old = before === null ? ['', '', '', ''] : [before.sha256, before.mode.toString(8), before.owner, before.group];
  return [
    'file',
    String(numbers.get(folderOf(path))),
    nameOf(path),
    content === null ? '' : hash(bytesOf(content)),
    mode.toString(8),
    owner,
    group,
    ...old,
  ];
}

function validationRecord({ name, argv, timeoutSec, preview, scratch }: Validation): readonly string[] {
  const shown = preview.flatMap(({ path, as }) => [requireAbsolute(path), requireRelative(as)]);
  return [
    'validation',
    name,
    String(Math.ceil(timeoutSec)),
    String(argv.length),
    ...argv,
    String(preview.length),
    ...shown,
    String(scratch.length),
    ...scratch.map(({ as }) => as),
  ];
}

function requireRelative(as: string): string {
  if (
    as !== '' &&
    !as.startsWith('/') &&
    !as.endsWith('/') &&
    !as.split('/').some((part) => part === '' || part === '.' || part === '..')
  )
    return as;
  throw new HostRequestError(`not a name inside the preview folder: ${JSON.stringify(as)}`, {
    remedy: 'Name preview and scratch files relative to the preview folder, without . or ..',
  });
}
