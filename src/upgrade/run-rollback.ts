/** `run rollback HOST`: back to the release that it had before, guarded in the same way; nothing is staged. */
import type { Summary } from '../engine/events.ts';
import type { RunContext } from '../engine/run-context.ts';
import type { Host } from '../inventory/model.ts';
import { NotUpgradableError } from './errors.ts';
import { bootedRelease } from './fleet.ts';
import { upgradeHost } from './host-upgrade.ts';
import { windowFact } from './plan-text.ts';
import { warnOfObstacle } from './prepare.ts';
import { type Release, releaseName } from './release.ts';
import { remember } from './remember.ts';
import { drawSlotId, RollOut, type RollOutInput } from './roll-out.ts';
import { deniedReleases } from './run-upgrade.ts';
import type { Trip } from './trip.ts';
import { type WayBack, wayBack } from './way-back.ts';

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
  const { ctx, input } = rollOut;
  const startedMs = ctx.now();
  const { booted, target } = requireWayBack(rollOut, host);
  const title = `Fedora CoreOS ${releaseName(booted)} → ${releaseName(target.release)}, back on ${host.name}`;
  ctx.emit({ event: 'upgrade-planned', title, target: releaseName(target.release), order: [host.name] });
  const detail = `${releaseName(booted)} → ${releaseName(target.release)}`;
  if (ctx.options.check) {
    warnOfObstacle(rollOut, host);
    const window = windowFact(input.settings(host), input.wallMs());
    rollOut.end(host, {
      status: 'changed',
      startedMs,
      changes: [
        { resource: 'os:fedora-coreos', action: 'update', detail: [detail, window].filter(Boolean).join('; ') },
      ],
    });
    return;
  }
  if (ctx.confirm !== undefined && !(await ctx.confirm(`Go back on ${host.name}: ${detail}?`)))
    return rollOut.skipRest('not confirmed');
  await rollOut.measure([host]);
  rollOut.touch(host);
  const trip = tripBack(host, target, input, startedMs);
  const end = await upgradeHost(rollOut.job(), trip);
  await remember(rollOut, trip, end);
  const { status, changes, error, message } = end;
  rollOut.end(host, {
    status,
    startedMs,
    changes,
    ...(error === undefined ? {} : { error }),
    ...(message === undefined ? {} : { message }),
  });
}

/** Throws NotUpgradableError: nothing was touched. */
function requireWayBack(rollOut: RollOut, host: Host): { readonly booted: Release; readonly target: WayBack } {
  const look = rollOut.fleet.look(host.name);
  const booted = bootedRelease(look)?.release;
  if (booted === undefined)
    throw new NotUpgradableError(
      look.failure.length > 0
        ? `rpm-ostree on ${host.name} does not answer`
        : `${host.name} was not booted from ostree: there is nothing to go back to`,
      { host: host.name, detail: look.failure, remedy: `See on ${host.name}: rpm-ostree status` },
    );
  const found = wayBack(look, deniedReleases(rollOut));
  if ('release' in found) return { booted, target: found };
  throw new NotUpgradableError(`${host.name} has no earlier release on disk that it could go back to`, {
    host: host.name,
    detail: found.reasons,
    remedy: `Name one that its remote has: run upgrade --limit ${host.name} --to VERSION --allow-downgrade (a denied one: --allow-denied)`,
  });
}

function tripBack(host: Host, target: WayBack, input: RollOutInput, startedMs: number): Trip {
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
