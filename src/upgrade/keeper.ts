/** While the controller lives, the host's own deadline moves on, and with it the lease there. */
import { callFor } from '../engine/verb.ts';
import { InfraError } from '../errors.ts';
import { osDeadlineCall } from '../host/os-verbs.ts';
import { fenceOf, type Trip, type UpgradeJob } from './trip.ts';

export interface Keeper {
  /** Why the host would not have it any more: it goes back, was booted, or cannot be reached. */
  failure(): InfraError | undefined;
  stop(): void;
}

/** Every third of a lease. One that fails is noted, and asked again: a lost packet is no verdict. */
export function keepDeadline(job: UpgradeJob, trip: Trip): Keeper {
  const { ctx, fleet } = job;
  let failure: InfraError | undefined;
  let stopped = false;
  const renew = async (): Promise<void> => {
    try {
      const { connection } = fleet.reached(trip.host.name);
      await callFor(
        ctx,
        connection,
        osDeadlineCall(fenceOf(job, trip), trip.settings.withinSec),
        'moving the deadline',
        'deadline',
      );
      failure = undefined;
    } catch (error) {
      if (!(error instanceof InfraError)) throw error;
      if (!stopped) failure = error;
    }
  };
  const timer = setInterval(() => void renew(), (ctx.deadlines.leaseSec * 1000) / 3);
  void renew();
  return {
    failure: () => failure,
    stop: () => {
      stopped = true;
      clearInterval(timer);
    },
  };
}
