/** `run status --os` as people read it: what each host has booted, staged and kept, who may boot it, and how its last upgrade ended. Pure. */
import { type FleetStatus, type HostStatusReport, type LastUpgrade, mayZincatiUpdate } from '../engine/fleet.ts';
import { CAUSES } from '../upgrade/words.ts';
import { printable } from './sanitize.ts';
import { nothing } from './status-cells.ts';
import { type Style, symbol } from './style.ts';
import { tableOrBlocks } from './table.ts';
import { duration, localMinute } from './words.ts';

const HEADS = ['HOST', 'BOOTED', 'NEXT BOOT', 'ROLLBACK', 'PINNED', 'UP', 'ZINCATI', 'GUARD', 'LAST UPGRADE'];

export function osLines({ hosts }: Pick<FleetStatus, 'hosts'>, style: Style): readonly string[] {
  const rows = hosts.map((host) => [style.paint('bold', host.name), ...cellsOf(host, style)]);
  return [...tableOrBlocks(HEADS, rows, style), ...hosts.flatMap((host) => zincatiWords(host, style))];
}

/** What Zincati is at, in its own words, where it may update the host. */
function zincatiWords({ name, zincati }: HostStatusReport, style: Style): readonly string[] {
  if (zincati === null || zincati === undefined || !mayZincatiUpdate(zincati) || zincati.status === '') return [];
  return [style.paint('dim', `${name}  Zincati: ${printable(zincati.status)}`)];
}

function cellsOf(host: HostStatusReport, style: Style): readonly string[] {
  const { os, guard, uptimeSec, lastUpgrade } = host;
  if (os === null) return HEADS.slice(1).map(() => '?');
  return [
    printable(os.version) || '?',
    nextCell(os, style),
    os.rollback === undefined ? nothing(style) : printable(os.rollback),
    os.pinned === undefined ? nothing(style) : os.pinned.map(printable).join(', '),
    uptimeSec === null || uptimeSec === undefined ? '?' : upText(uptimeSec),
    zincatiCell(host, style),
    guardCell(guard, style),
    lastUpgrade === null || lastUpgrade === undefined ? nothing(style) : lastText(lastUpgrade, style),
  ];
}

/** `44.20261115.3.0 staged, locked`: only where it is another than what runs. */
function nextCell({ next }: NonNullable<HostStatusReport['os']>, style: Style): string {
  if (next === undefined) return nothing(style);
  const how = next.how === 'default' ? '' : next.isLocked ? ' staged, locked' : ' staged';
  return style.paint('yellow', `${printable(next.version)}${how}`);
}

/** `3 d 4 h` */
function upText(seconds: number): string {
  const hours = Math.floor(seconds / 3600);
  return hours < 24 ? duration(seconds * 1000).replace('.0 s', ' s') : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** Held: by the open upgrade, or since it would take a denied release. */
function zincatiCell({ zincati, changeSet }: HostStatusReport, style: Style): string {
  if (zincati === null || zincati === undefined) return nothing(style);
  if (changeSet?.kind === 'os' && zincati.isHeldBySlot) return style.paint('yellow', 'held by the upgrade');
  if (zincati.heldFor !== undefined) return style.paint('yellow', `held, ${printable(zincati.heldFor)} is denied`);
  if (zincati.active === 'failed') return style.paint('red', 'failed');
  if (mayZincatiUpdate(zincati)) return style.paint('yellow', 'may update it');
  return zincati.active === 'active' ? 'updates off' : printable(zincati.active);
}

function guardCell(guard: HostStatusReport['guard'], style: Style): string {
  if (guard === null || guard === undefined) return '?';
  if (guard === 'none') return nothing(style);
  return guard === 'ready' ? guard : style.paint('yellow', guard);
}

/** `✔ 44.20261115.3.0 2026-11-20 21:54`, `↺ 44.20261201.3.0 2026-11-21 18:30: its checks were red` */
function lastText({ action, to, state, cause, at }: LastUpgrade, style: Style): string {
  const mark = state === 'confirmed' ? 'done' : state === 'reverted' ? 'reverted' : 'failed';
  const why = state === 'confirmed' ? '' : `: ${CAUSES[cause] ?? 'the host went back by itself'}`;
  const words = `${action === 'rollback' ? 'back to ' : ''}${printable(to) || '?'}`;
  return `${style.paint(mark === 'done' ? 'green' : 'yellow', symbol(style, mark))} ${words} ${localMinute(new Date(at).toISOString())}${why}`;
}
