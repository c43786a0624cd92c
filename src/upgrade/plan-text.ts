/** What an upgrade would do, in words: for the header, for --check, for the question. Pure. */
import type { ChangeReport } from '../engine/events.ts';
import type { OsLook } from '../host/os-look.ts';
import { carriedBy, carriedText } from './carried.ts';
import type { LastTime } from './memory.ts';
import { type Release, releaseName } from './release.ts';
import type { UpgradeSettings } from './settings.ts';
import type { Route } from './target.ts';
import { instantText, openingAt, windowText } from './window.ts';
import { span } from './words.ts';

export interface TitleInput {
  readonly routes: readonly Route[];
  readonly target: Release;
  /** In the order of the roll-out. */
  readonly order: readonly string[];
  readonly windows: UpgradeSettings['windows'];
}

/** `Fedora CoreOS 44.20261101.3.0 → 44.20261115.3.0 · window Sun 03:00–05:00 Europe/Berlin · ns2 first, then ns1` */
export function titleOf({ routes, target, order, windows }: TitleInput): string {
  const from = [...new Set(routes.filter(({ hops }) => hops.length > 0).map((route) => releaseName(route.from)))];
  const hops = Math.max(0, ...routes.map((route) => route.hops.length));
  return [
    from.length === 0
      ? `Fedora CoreOS ${releaseName(target)}`
      : `Fedora CoreOS ${from.join(', ')} → ${releaseName(target)}${hops > 1 ? ` in ${hops} hops` : ''}`,
    ...(windows.length === 0 ? [] : [`window ${windows.map(windowText).join(', ')}`]),
    ...(order.length < 2 ? [] : [`${order[0]} first, then ${order.slice(1).join(', ')}`]),
  ].join(' · ');
}

/** `44.20261101.3.0 → 44.20261110.3.0 → 44.20261115.3.0` */
export function routeText({ from, hops }: Pick<Route, 'from' | 'hops'>): string {
  return [from, ...hops].map(releaseName).join(' → ');
}

export interface CheckInput {
  readonly route: Route;
  readonly look: OsLook;
  readonly settings: UpgradeSettings;
  readonly last: LastTime | undefined;
  readonly nowMs: number;
}

/** What --check says of one host: the hops, what is kept, when it may begin, and how long it took before. */
export function checkReport({ route, look, settings, last, nowMs }: CheckInput): ChangeReport {
  const kept = carriedText(carriedBy(look));
  const facts = [
    route.direction === 'downgrade' ? 'goes back to an older release' : undefined,
    kept === undefined ? undefined : `keeps ${kept}`,
    windowFact(settings, nowMs),
    last === undefined ? undefined : `the last one (${last.version}) took ${span(last.tookSec * 1000)}`,
  ].filter((fact) => fact !== undefined);
  return {
    resource: 'os:fedora-coreos',
    action: 'update',
    detail: [routeText(route), ...facts].join('; '),
  };
}

/** undefined: it has none. */
export function windowFact({ windows }: Pick<UpgradeSettings, 'windows'>, nowMs: number): string | undefined {
  if (windows.length === 0) return undefined;
  const { open, opensAtMs } = openingAt(windows, nowMs);
  if (open) return 'its window is open';
  return opensAtMs === undefined
    ? 'its window does not open within two weeks'
    : `its window opens ${instantText(windows[0]?.zone ?? 'UTC', opensAtMs)}`;
}
