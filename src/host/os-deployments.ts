/** Deployments as rpm-ostree and ostree print them, read into one list. Unknown keys are ignored; most known ones may be missing. Pure. */
import { HostAnswerError } from './errors.ts';
import { printable, stripControls } from './fields.ts';
import type { OsDeployment } from './os-look.ts';

type Json = Readonly<Record<string, unknown>>;

export interface RpmOstreeStatus {
  readonly deployments: readonly Json[];
  readonly transaction: string | undefined;
  readonly driver: string | undefined;
}

/** @throws HostAnswerError when it is not `rpm-ostree status --json`. */
export function readRpmOstree(text: string): RpmOstreeStatus {
  const top = parseObject(text, 'rpm-ostree status --json');
  const { deployments, transaction, 'update-driver': driver } = top;
  if (!Array.isArray(deployments) || !deployments.every(isObject)) throw notStatus('rpm-ostree status --json', text);
  return {
    deployments,
    // [method, sender, object path]
    transaction: Array.isArray(transaction) ? stripControls(String(transaction[0])) : undefined,
    driver: isObject(driver) ? textOf(driver, 'driver-name') : undefined,
  };
}

/**
 * rpm-ostree's list, with what `ostree admin status --json` (or '') says of each: the lock above all, which rpm-ostree does not show.
 * @throws HostAnswerError for a deployment without what every version prints.
 */
export function mergeDeployments(status: RpmOstreeStatus, ostreeText: string): readonly OsDeployment[] {
  const { deployments: listed } =
    ostreeText === '' ? { deployments: [] } : parseObject(ostreeText, 'ostree admin status --json');
  const byName = new Map<string, Json>();
  for (const entry of Array.isArray(listed) ? listed.filter(isObject) : [])
    byName.set(`${textOf(entry, 'checksum')}.${entry['serial']}`, entry);
  return status.deployments.map((entry, index) => deploymentOf(entry, index, byName));
}

function deploymentOf(entry: Json, index: number, byName: ReadonlyMap<string, Json>): OsDeployment {
  const checksum = textOf(entry, 'checksum');
  const serial = entry['serial'];
  if (!/^[0-9a-f]{64}$/.test(checksum) || typeof serial !== 'number')
    throw notStatus('a deployment of rpm-ostree status --json', JSON.stringify(entry));
  const name = `${checksum}.${serial}`;
  const ostree = byName.get(name);
  const reference = textOf(entry, 'container-image-reference');
  return {
    name,
    osname: textOf(entry, 'osname'),
    checksum,
    serial,
    index,
    booted: entry['booted'] === true,
    staged: entry['staged'] === true,
    pinned: entry['pinned'] === true,
    locked: ostree?.['finalization-locked'] === true || entry['finalization-locked'] === true,
    version: textOf(entry, 'version'),
    timestamp: typeof entry['timestamp'] === 'number' ? entry['timestamp'] : 0,
    refspec: textOf(entry, 'origin') || undefined,
    image:
      reference === ''
        ? undefined
        : { reference, digest: textOf(entry, 'container-image-reference-digest') || undefined },
    baseChecksum: textOf(entry, 'base-checksum') || checksum,
    layered: LAYERED.flatMap((key) => namesIn(entry[key])),
    unlocked: textOf(entry, 'unlocked') || 'none',
  };
}

/** What was asked for on this host, and is taken along by every deploy. */
const LAYERED = [
  'requested-packages',
  'requested-local-packages',
  'requested-local-fileoverride-packages',
  'requested-base-removals',
  'requested-base-local-replacements',
] as const;

function namesIn(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string').map(stripControls) : [];
}

function textOf(entry: Json, key: string): string {
  const value = entry[key];
  return typeof value === 'string' ? stripControls(value) : '';
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseObject(text: string, what: string): Json {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
  }
  if (!isObject(value)) throw notStatus(what, text);
  return value;
}

function notStatus(what: string, text: string): HostAnswerError {
  return new HostAnswerError(`the host's answer is not ${what}`, {
    detail: [printable(text)],
    remedy: 'Look at what `rpm-ostree status --json` prints on the host; restart rpm-ostreed.service if it is damaged.',
  });
}
