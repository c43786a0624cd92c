/** `run rollback HOST`: back to the release that it had before, guarded in the same way; nothing is staged. */
import type { Summary } from '../engine/events.ts';
import type { RunContext } from '../engine/run-context.ts';
import type { Host } from '../inventory/model.ts';
import { NotUpgradableError } from './errors.ts';
import { bootedRelease } from './fleet.ts';
import { upgradeHost } from './host-upgrade.ts';
import { rollbackTarget } from './prepare.ts';
import { type Release, releaseName } from './release.ts';
import { drawSlotId, RollOut, type RollOutInput } from './roll-out.ts';
import type { Trip } from './trip.ts';

export async function runRollback(ctx: RunContext, input: RollOutInput): Promise<Summary> {
  const rollOut = new RollOut(ctx, input);
  rollOut.start();
  let availability: Summary['availability'];
  try {
    for (const host of await rollOut.survey()) await rollBack(rollOut, host);
  } finally {
    availability = await rollOut.finish();
  }
  return rollOut.summary(availability);
}

async function rollBack(rollOut: RollOut, host: Host): Promise<void> {
  const { ctx, fleet, input } = rollOut;
  const look = fleet.look(host.name);
  const booted = bootedRelease(look)?.release;
  const target = rollbackTarget(look);
  const startedMs = ctx.now();
  if (target === undefined || booted === undefined)
    throw new NotUpgradableError(`${host.name} has no earlier release on disk`, {
      host: host.name,
      remedy: `Name one that its remote has: run upgrade --limit ${host.name} --to VERSION --allow-downgrade`,
    });
  const title = `Fedora CoreOS ${releaseName(booted)} → ${releaseName(target.release)}, back on ${host.name}`;
  ctx.emit({ event: 'upgrade-planned', title, target: releaseName(target.release), order: [host.name] });
  const detail = `${releaseName(booted)} → ${releaseName(target.release)}`;
  if (ctx.options.check) {
    rollOut.end(host, {
      status: 'changed',
      startedMs,
      changes: [{ resource: 'os:fedora-coreos', action: 'update', detail }],
    });
    return;
  }
  if (ctx.confirm !== undefined && !(await ctx.confirm(`Go back on ${host.name}: ${detail}?`)))
    return rollOut.skipRest('not confirmed');
  await rollOut.measure([host]);
  rollOut.touch(host);
  const trip = tripBack(host, target, input, startedMs);
  const { status, changes, error, message, state } = await upgradeHost(rollOut.job(), trip);
  if (state === 'upgraded') denyLeft(rollOut, host, booted);
  rollOut.end(host, {
    status,
    startedMs,
    changes,
    ...(error === undefined ? {} : { error }),
    ...(message === undefined ? {} : { message }),
  });
}

function tripBack(
  host: Host,
  target: { readonly name: string; readonly release: Release },
  input: RollOutInput,
  startedMs: number,
): Trip {
  return {
    host,
    action: 'rollback',
    release: target.release,
    settings: input.settings(host),
    startedMs,
    id: drawSlotId(),
    from: '',
    fromRelease: { version: '' },
    to: target.name,
    bootId: '',
    trialBoot: '',
    isReleaseRed: false,
    lastFailed: [],
    drift: [],
    tookMs: {},
  };
}

/** A person has judged it. */
function denyLeft({ input }: RollOut, host: Host, release: Release): void {
  input.memory.deny({
    ...release,
    host: host.name,
    reason: 'somebody went back by hand',
    at: new Date(input.wallMs()).toISOString(),
  });
}
