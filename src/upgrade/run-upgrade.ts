/** runUpgrade(): one release over all hosts, one after the other, and what was observed of it. */

import type { Summary } from '../engine/events.ts';
import { isFailure } from '../engine/play-host.ts';
import type { RunContext } from '../engine/run-context.ts';
import { InfraError } from '../errors.ts';
import type { Host } from '../inventory/model.ts';
import { type DeniedRelease, denialOn, mergeDenied } from './deny.ts';
import { type HostUpgradeEnd, upgradeHost } from './host-upgrade.ts';
import { upgradeOrder } from './order.ts';
import { checkReport, routeText, titleOf } from './plan-text.ts';
import { warnOfObstacle } from './prepare.ts';
import { type Release, releaseName, type Wanted } from './release.ts';
import { forgive, remember } from './remember.ts';
import { resolveFleet } from './resolve.ts';
import { drawSlotId, RollOut, type RollOutInput } from './roll-out.ts';
import { standbyHosts } from './standby.ts';
import { chooseTarget, type Leg, legsOf, type TargetPlan } from './target.ts';
import type { Trip } from './trip.ts';

export interface RunUpgradeInput extends RollOutInput {
  readonly wanted: Wanted;
  readonly allowDenied: boolean;
}

/** Emits the events of a run and returns its summary. What keeps it from being begun is thrown: no host was touched. */
export async function runUpgrade(ctx: RunContext, input: RunUpgradeInput): Promise<Summary> {
  const rollOut = new RollOut(ctx, input);
  rollOut.start();
  let availability: Summary['availability'];
  try {
    const hosts = await rollOut.survey();
    if (hosts.length > 0) await rollTo(rollOut, hosts, input);
    await forgive(rollOut);
  } finally {
    availability = await rollOut.finish();
  }
  return rollOut.summary(availability);
}

/** Chooses, asks, and goes leg by leg. Also the second half of --resume. */
export async function rollTo(rollOut: RollOut, hosts: readonly Host[], input: RunUpgradeInput): Promise<void> {
  const { ctx, fleet } = rollOut;
  const resolved = await resolveFleet(ctx, fleet, { hosts, wanted: input.wanted, settings: input.settings });
  const plan = chooseTarget({
    wanted: input.wanted,
    ...resolved,
    denied: deniedReleases(rollOut),
    allowDenied: input.allowDenied,
    allowDowngrade: input.allowDowngrade,
    wariness: input.settings(hosts[0] as Host).wariness,
    nowSec: input.wallMs() / 1000,
  });
  for (const message of plan.notes) ctx.emit({ event: 'warning', message });
  const going = plan.routes.filter(({ hops }) => hops.length > 0).map(({ host }) => host);
  const order = upgradeOrder({ hosts: going, order: input.upgrade.order, standby: standbyHosts(fleet, hosts) });
  const windows = input.settings(hosts[0] as Host).windows;
  ctx.emit({
    event: 'upgrade-planned',
    title: titleOf({ ...plan, order, windows }),
    target: releaseName(plan.target),
    order,
  });
  endArrived(rollOut, hosts, plan);
  if (going.length === 0) return;
  if (ctx.options.check) return endChecked(rollOut, hosts, plan, input);
  if (
    ctx.confirm !== undefined &&
    !(await ctx.confirm(`Upgrade ${order.join(', then ')} to ${releaseName(plan.target)}?`))
  )
    return rollOut.skipRest('not confirmed');
  const at = new Date(input.wallMs()).toISOString();
  input.memory.begin({
    run: rollOut.job().ctx.run,
    target: plan.target,
    hosts: input.hosts.map(({ name }) => name),
    startedAt: at,
  });
  await rollOut.measure(hosts);
  const isDone = await goLegs(rollOut, legsOf(plan.routes), { order, input, plan });
  // What has to be looked at, or was cut short, can be taken up again.
  if (isDone) input.memory.end();
}

/** What any host of the fleet, or this machine, remembers. */
export function deniedReleases({ ctx, fleet, input }: RollOut): readonly DeniedRelease[] {
  const isHost = (name: string): boolean => ctx.inventory.hosts.has(name);
  const told = fleet.withMembers(input.hosts).flatMap(({ name }): readonly DeniedRelease[] => {
    if (!('connection' in fleet.survey(name))) return [];
    return fleet.look(name).denied.map((entry) => denialOn(name, entry, isHost));
  });
  return mergeDenied([input.memory.denied(), told]);
}

function endArrived(rollOut: RollOut, hosts: readonly Host[], { routes, target }: TargetPlan): void {
  for (const { host: name, hops } of routes) {
    const host = hosts.find((one) => one.name === name);
    if (hops.length === 0 && host !== undefined && !rollOut.ended.has(name))
      rollOut.end(host, { status: 'ok', startedMs: rollOut.ctx.now(), message: `runs ${releaseName(target)}` });
  }
}

function endChecked(rollOut: RollOut, hosts: readonly Host[], { routes }: TargetPlan, input: RunUpgradeInput): void {
  for (const route of routes.filter(({ hops }) => hops.length > 0)) {
    const host = hosts.find(({ name }) => name === route.host) as Host;
    warnOfObstacle(rollOut, host);
    const report = checkReport({
      route,
      look: rollOut.fleet.look(host.name),
      settings: input.settings(host),
      last: input.memory.lastTime(host.name),
      nowMs: input.wallMs(),
    });
    rollOut.end(host, { status: 'changed', startedMs: rollOut.ctx.now(), changes: [report] });
  }
}

interface Going {
  readonly plan: TargetPlan;
  readonly order: readonly string[];
  readonly input: RunUpgradeInput;
}

type LegEnd = HostUpgradeEnd & { readonly startedMs: number };

/** true: nothing is left to be taken up. */
async function goLegs(rollOut: RollOut, legs: readonly Leg[], { order, input, plan }: Going): Promise<boolean> {
  let failed = [...rollOut.ended.values()].filter(isFailure).length;
  const underWay = new Map<string, LegEnd>();
  for (const [index, leg] of legs.entries()) {
    for (const name of order.filter((one) => leg.hosts.includes(one))) {
      const host = input.hosts.find((one) => one.name === name) as Host;
      if (rollOut.ctx.signal.aborted) return stopAt(rollOut, underWay, 'interrupted before it was begun');
      if (failed > input.upgrade.maxFailed) return stopAt(rollOut, underWay, 'not touched: an earlier host failed');
      if (isOut(rollOut, name)) continue;
      const isLast = !legs.slice(index + 1).some(({ hosts }) => hosts.includes(name));
      const end = await goOne(rollOut, { host, to: leg.to, ...(isLast ? wholeWay(plan, name) : {}) }, input);
      const startedMs = underWay.get(name)?.startedMs ?? end.startedMs;
      if (end.status === 'changed' && !isLast) {
        underWay.set(name, { ...end, startedMs });
        continue;
      }
      const { status, changes, error, message } = end;
      const ended = rollOut.end(host, {
        status,
        startedMs,
        changes,
        ...(error === undefined ? {} : { error }),
        ...(message === undefined ? {} : { message }),
      });
      if (isFailure(ended) || ended.status === 'unreachable') failed += 1;
    }
  }
  return ![...rollOut.ended.values()].some(({ status }) => status === 'unknown');
}

/** Over barriers too: what the host has changed is told from where it began. */
function wholeWay({ routes }: TargetPlan, host: string): { readonly route?: string } {
  const route = routes.find((one) => one.host === host);
  return route === undefined || route.hops.length < 2 ? {} : { route: routeText(route) };
}

/** Hosts that nobody came to; and those that were confirmed on a release on their way, and stay there. true: as goLegs. */
function stopAt(rollOut: RollOut, underWay: ReadonlyMap<string, LegEnd>, message: string): boolean {
  for (const host of rollOut.input.hosts) {
    const end = underWay.get(host.name);
    if (end === undefined || rollOut.ended.has(host.name)) continue;
    const { startedMs, changes, message: soFar = '' } = end;
    rollOut.end(host, { status: 'skipped', startedMs, changes, message: `taken no further: ${soFar}` });
  }
  rollOut.skipRest(message);
  return !rollOut.ctx.signal.aborted && ![...rollOut.ended.values()].some(({ status }) => status === 'unknown');
}

/** It failed on an earlier leg. */
function isOut(rollOut: RollOut, host: string): boolean {
  const ended = rollOut.ended.get(host);
  return ended !== undefined && ended.status !== 'changed';
}

interface Hop {
  readonly host: Host;
  readonly to: Release;
  readonly route?: string;
}

async function goOne(rollOut: RollOut, hop: Hop, input: RunUpgradeInput): Promise<LegEnd> {
  const startedMs = rollOut.ctx.now();
  rollOut.touch(hop.host);
  const trip = newTrip(hop, input, startedMs);
  try {
    const end = await upgradeHost(rollOut.job(), trip);
    await remember(rollOut, trip, end);
    return { ...end, startedMs };
  } catch (error) {
    if (!(error instanceof InfraError)) throw error;
    return { state: 'stuck', status: 'unknown', changes: [], error, startedMs };
  }
}

function newTrip({ host, to, route }: Hop, input: RunUpgradeInput, startedMs: number): Trip {
  return {
    host,
    action: 'upgrade',
    release: to,
    ...(route === undefined ? {} : { route }),
    settings: input.settings(host),
    startedMs,
    id: drawSlotId(),
    from: '',
    fromRelease: { version: '' },
    to: '',
    bootId: '',
    trialBoot: '',
    isReleaseRed: false,
    lastFailed: [],
    drift: [],
    tookMs: {},
  };
}
