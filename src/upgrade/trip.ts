/** One host on its way from one release to another: what is known of it, filled as it goes, and what it shares with the others. */

import type { Leases } from '../engine/leases.ts';
import type { RunContext } from '../engine/run-context.ts';
import type { TemporaryStates } from '../engine/temporary-states.ts';
import { callHost } from '../engine/verb.ts';
import { InfraError } from '../errors.ts';
import type { OsPast } from '../host/os-look.ts';
import type { OsFence } from '../host/os-verbs.ts';
import type { HostStep } from '../host/steps.ts';
import { statusCall } from '../host/verbs.ts';
import type { Host } from '../inventory/model.ts';
import type { Playbook } from '../playbook/define.ts';
import type { ProbeResult } from '../probes/types.ts';
import type { Connection } from '../ssh/transport.ts';
import type { Carried } from './carried.ts';
import type { Fleet } from './fleet.ts';
import type { Release } from './release.ts';
import type { UpgradeSettings } from './settings.ts';
import type { Together } from './settling.ts';

/** Shared by all hosts of a run. */
export interface UpgradeJob {
  /** Its signal never fires: what was begun on a host is ended, whatever the user says. `run` is the one that leases and slots name. */
  readonly ctx: RunContext;
  /** The user's first Ctrl-C: nothing more is begun. */
  readonly interrupted: AbortSignal;
  readonly fleet: Fleet;
  readonly leases: Leases;
  /** What the configuration is converged by. */
  readonly playbooks: readonly Playbook[];
  /** Wall clock, ms: only maintenance windows go by it. */
  readonly wallMs: () => number;
  readonly ignoreWindows: boolean;
  readonly allowDowngrade: boolean;
}

export interface Trip {
  readonly host: Host;
  readonly action: 'upgrade' | 'rollback';
  readonly release: Release;
  readonly settings: UpgradeSettings;
  readonly startedMs: number;
  /** Of the slot. */
  readonly id: string;
  /** The whole way in words, where this is the last of several hops. */
  readonly route?: string;
  /** `checksum.serial`; '' until it was looked at. */
  from: string;
  fromRelease: Release;
  /** `checksum.serial`; '' until it is staged. */
  to: string;
  /** The boot that it is to leave. */
  bootId: string;
  /** The boot into the new release; '' before it. */
  trialBoot: string;
  /** Why it does not end on the new release. */
  error?: InfraError;
  /** The release itself is to blame, as far as the controller has seen. */
  isReleaseRed: boolean;
  /** Probes of the trial that failed when they were last asked. */
  lastFailed: readonly ProbeResult[];
  /** Services that come together with their partners again after the boot; undefined: not booted yet. */
  together?: Together;
  states?: TemporaryStates;
  /** It is confirmed, and the release that it came from was deleted from its disk meanwhile. */
  isWayBackGone?: boolean;
  /** How the host itself recorded the end. */
  past?: OsPast;
  /** What it had of its own on the release that it leaves; undefined: nobody looked (an upgrade that is resumed). */
  carried?: Carried;
  /** `clockBase` (own-clock.ts) of this machine when the host's time was last found right. */
  clockBase?: number;
  /** Configuration that differs on the new release, by resource. */
  drift: readonly string[];
  readonly tookMs: { stage?: number; reboot?: number; soak?: number };
}

export function fenceOf({ leases }: UpgradeJob, trip: Trip): OsFence {
  return {
    id: trip.id,
    token: leases.token(trip.host.name),
    bootId: trip.trialBoot === '' ? trip.bootId : trip.trialBoot,
  };
}

/** What is going on now, for people. */
export function say({ ctx }: UpgradeJob, { host }: Trip, step: string, message: string): void {
  ctx.emit({ event: 'host-step', host: host.name, step, message });
}

/** How the slot stands, over a connection of its own; undefined: the host cannot be asked. */
export async function slotStatus(
  { ctx }: UpgradeJob,
  { host, id }: Trip,
): Promise<Extract<HostStep, { kind: 'status' }> | undefined> {
  let connection: Connection | undefined;
  try {
    connection = await ctx.transport.connect(host, { timeoutMs: ctx.deadlines.connectMs });
    const last = (await callHost(ctx, connection, statusCall(id), 'asking how the upgrade stands')).at(-1);
    return last?.kind === 'status' ? last : undefined;
  } catch (error) {
    if (!(error instanceof InfraError)) throw error;
    return undefined;
  } finally {
    await connection?.close();
  }
}
