/** What the fleet learns from the end of one host's upgrade: how long it took, and what no host shall take again. */
import { callFor } from '../engine/verb.ts';
import { InfraError } from '../errors.ts';
import { osDenyCall, osUndenyCall } from '../host/os-verbs.ts';
import { type HostUpgradeEnd, isDenying } from './host-upgrade.ts';
import { releaseName } from './release.ts';
import type { RollOut } from './roll-out.ts';
import type { Trip } from './trip.ts';

export async function remember(rollOut: RollOut, trip: Trip, { state }: HostUpgradeEnd): Promise<void> {
  if (state === 'upgraded') return rememberUpgrade(rollOut, trip);
  if (state === 'rolled-back' && isDenying(trip.past?.cause)) return deny(rollOut, trip);
}

async function rememberUpgrade(rollOut: RollOut, trip: Trip): Promise<void> {
  const { host, release, startedMs, action } = trip;
  const { memory, wallMs } = rollOut.input;
  if (action === 'rollback') return;
  const tookSec = Math.round((rollOut.ctx.now() - startedMs) / 1000);
  memory.took(host.name, { version: releaseName(release), at: new Date(wallMs()).toISOString(), tookSec });
  // A denied one that was taken all the same, and holds: what was wrong with it is no longer so.
  memory.allow(release);
  await undeny(rollOut, trip);
}

/** In this machine's store, and on every host that can be reached: whichever of them is asked next, also by another controller, knows it. */
async function deny(rollOut: RollOut, { host, release, past }: Trip): Promise<void> {
  const { memory, wallMs } = rollOut.input;
  const reason = past?.reason || past?.detail[0] || '';
  memory.deny({ ...release, host: host.name, reason, at: new Date(wallMs()).toISOString() });
  const { ctx, leases } = rollOut.job();
  const target = past?.target || release.digest || release.checksum || '';
  const entry = {
    checksum: '',
    target,
    version: release.version,
    cause: past?.cause ?? 'checks',
    reason: `${host.name}: ${reason}`,
    run: ctx.run,
  };
  for (const { desired } of rollOut.fleet.partners(host.name)) {
    const { name } = desired.host;
    const held = leases.holding(name);
    if (name === host.name || held === undefined) continue;
    try {
      await callFor(ctx, held.connection, osDenyCall(held.token, entry), 'noting the denied release', 'denied');
    } catch (error) {
      if (!(error instanceof InfraError)) throw error;
      ctx.emit({
        event: 'warning',
        host: name,
        message: `${name} could not be told that ${release.version} is denied: ${error.message}`,
      });
    }
  }
}

/** --allow-denied has been proven right: the hosts forget it too. */
async function undeny(rollOut: RollOut, { host, release }: Trip): Promise<void> {
  const { ctx, leases } = rollOut.job();
  const name = release.digest ?? release.checksum ?? release.version;
  for (const { desired } of rollOut.fleet.partners(host.name)) {
    const held = leases.holding(desired.host.name);
    if (held === undefined || rollOut.fleet.look(desired.host.name).denied.length === 0) continue;
    try {
      await callFor(ctx, held.connection, osUndenyCall(held.token, name), 'forgetting the denied release', 'undenied');
    } catch (error) {
      if (!(error instanceof InfraError)) throw error;
    }
  }
}
