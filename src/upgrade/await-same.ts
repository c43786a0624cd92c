/** A plain reboot: the host has to go down, and come up again with the same OS. There is no slot that could say what became of it. */
import { ApplyError, RefusedError } from '../engine/errors.ts';
import { InfraError } from '../errors.ts';
import type { Host } from '../inventory/model.ts';
import { HostStuckError } from './errors.ts';
import type { UpgradeJob } from './trip.ts';
import { LOOK_AFTER_MS, waitForBoot } from './wait-boot.ts';

export interface Same {
  /** The boot that it is to leave. */
  readonly bootId: string;
  /** `checksum.serial` of what is booted. */
  readonly booted: string;
  readonly rebootWithinSec: number;
}

/** Throws when it does not go down, does not come back, or comes back with something else. Its lease is gone then, but for the first. */
export async function awaitSame(job: UpgradeJob, host: Host, same: Same): Promise<void> {
  const { ctx, fleet, leases } = job;
  const { name } = host;
  const deadline = ctx.now() + same.rebootWithinSec * 1000;
  for (;;) {
    let isOld = false;
    const onOld = (): void => {
      isOld = true;
    };
    const withinMs = Math.min(deadline - ctx.now(), LOOK_AFTER_MS);
    const found = await waitForBoot(ctx, host, { not: same.bootId, withinMs, onOld });
    if (found !== undefined) {
      leases.forget(name);
      await fleet.reconnected(name, found.connection);
      return requireSame(name, fleet.look(name).booted, same.booted);
    }
    if (isOld) await refuseIfStaying(job, host);
    if (ctx.now() < deadline) continue;
    leases.forget(name);
    throw new HostStuckError(`${name} did not come back from its reboot within ${same.rebootWithinSec} s`, {
      host: name,
      remedy: 'Go to its console. No other host was touched after it.',
    });
  }
}

function requireSame(name: string, now: string, booted: string): void {
  if (now === booted) return;
  throw new ApplyError(`${name} came up with another deployment, ${now}`, {
    host: name,
    remedy: `See on ${name}: rpm-ostree status`,
  });
}

/** systemd says `stopping` from the moment at which a reboot is asked for; a host that is still up then has a unit that does not end. */
async function refuseIfStaying({ ctx, fleet, leases }: UpgradeJob, host: Host): Promise<void> {
  const { name } = host;
  const { connectMs: timeoutMs } = ctx.deadlines;
  try {
    const connection = await ctx.transport.connect(host, { timeoutMs });
    const asked = { what: 'asking what it is at', timeoutMs };
    const { stdout } = await connection.exec('systemctl is-system-running', asked);
    if (!/^(running|degraded)\s*$/.test(stdout.toString('utf8'))) return await connection.close();
    // Its lease is given back over this link.
    await fleet.reconnected(name, connection);
    leases.moved({ name, connection });
  } catch (error) {
    if (!(error instanceof InfraError)) throw error;
    return;
  }
  throw new RefusedError(`${name} was not rebooted: the word to reboot did not reach it`, {
    host: name,
    remedy: `It runs on as before. See to the network between here and ${name}, then run the same command again.`,
  });
}
