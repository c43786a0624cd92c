/** Resources, changes, statuses and times in the words that people read. Pure. */
import type { ChangeReport, HostStatus } from '../engine/events.ts';
import { printable } from './sanitize.ts';
import type { Colour, Mark } from './style.ts';

/** `zone:example.com` → `zone example.com`, `file:/etc/a` → `/etc/a`. */
export function resourceLabel(id: string): string {
  const text = printable(id);
  const colon = text.indexOf(':');
  if (colon === -1) return text;
  const kind = text.slice(0, colon);
  const name = text.slice(colon + 1);
  if (kind === 'file' || kind === 'unit') return name;
  if (kind === 'podman-secret') return `podman secret ${name}`;
  if (kind === 'directory') return name.endsWith('/') ? name : `${name}/`;
  return `${kind} ${name}`;
}

const PAST: Readonly<Record<ChangeReport['action'], string>> = {
  create: 'created',
  update: 'updated',
  delete: 'deleted',
  restart: 'restarted',
  reload: 'reloaded',
  start: 'started',
  stop: 'stopped',
  run: 'run',
};

/** Named one by one; more are counted. */
const NAMED_MAX = 2;

/** All changes of a host on one line: `zone example.com 2026112001 → 2026112002 (+1 ~1), reloaded`. */
export function changesInShort(changes: readonly ChangeReport[]): string {
  const units = changes.filter(({ resource }) => resource.startsWith('unit:'));
  const others = changes.filter(({ resource }) => !resource.startsWith('unit:'));
  const parts = others.length > NAMED_MAX ? counts(others) : others.map(changeInShort);
  const isPlain = units.length === 1 && others.length > 0 && others.length <= NAMED_MAX;
  const unitParts = units.map(({ resource, action }) =>
    isPlain ? PAST[action] : `${resourceLabel(resource)} ${PAST[action]}`,
  );
  return [...parts, ...unitParts].join(', ');
}

function changeInShort({ resource, action, detail }: ChangeReport): string {
  const label = resourceLabel(resource);
  if (!resource.startsWith('zone:') || detail === undefined || action === 'delete') return `${label} ${PAST[action]}`;
  const serial = printable(detail).replace(/^serial /, '');
  return action === 'create' ? `${label} created, serial ${serial}` : `${label} ${serial}`;
}

/** `6 created, 1 deleted` */
function counts(changes: readonly ChangeReport[]): readonly string[] {
  const numbers = new Map<string, number>();
  for (const { action } of changes) numbers.set(PAST[action], (numbers.get(PAST[action]) ?? 0) + 1);
  return [...numbers].map(([word, number]) => `${number} ${word}`);
}

export interface StatusWord {
  readonly symbol: Mark;
  readonly colour: Colour;
}

export const STATUS_WORDS: Readonly<Record<HostStatus, StatusWord>> = {
  ok: { symbol: 'done', colour: 'green' },
  changed: { symbol: 'done', colour: 'green' },
  reverted: { symbol: 'reverted', colour: 'yellow' },
  failed: { symbol: 'failed', colour: 'red' },
  refused: { symbol: 'failed', colour: 'red' },
  locked: { symbol: 'failed', colour: 'yellow' },
  unreachable: { symbol: 'failed', colour: 'red' },
  unknown: { symbol: 'failed', colour: 'red' },
  skipped: { symbol: 'skipped', colour: 'dim' },
};

/** `0.3 s`, `41 s`, `6 min 31 s`, `2 h 5 min`. */
export function duration(ms: number): string {
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600)
    return seconds % 60 === 0 ? `${seconds / 60} min` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.round(seconds / 60);
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `ns1`, `ns1 and ns2`, `ns1, ns2 and ns3`; long lists are counted. */
export function names(hosts: readonly string[]): string {
  if (hosts.length > 6) return `${hosts.length} hosts`;
  if (hosts.length < 2) return hosts.join('');
  return `${hosts.slice(0, -1).join(', ')} and ${hosts.at(-1)}`;
}

/** `1 host`, `2 hosts`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** 18344 → `18 344`, as standards write large numbers. */
export function grouped(number: number): string {
  return String(number).replace(/\B(?=(?:\d{3})+$)/g, ' ');
}

/** `2026-11-18 14:02`, in the reader's own time zone. */
export function localMinute(iso: string): string {
  const at = new Date(iso);
  const two = (number: number): string => String(number).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** ` (1 asked again)`, where clients ask again and some had to; else nothing. */
export function askedAgainText(figure: { readonly askedAgain?: number }): string {
  return (figure.askedAgain ?? 0) > 0 ? ` (${grouped(figure.askedAgain ?? 0)} asked again)` : '';
}
