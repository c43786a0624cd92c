/** What all procedures of this folder share: hosts one after the other under one set of leases, measured, told and summed up. */
import { randomBytes } from 'node:crypto';
import { type AvailabilityLoop, startAvailability } from '../engine/availability.ts';
import { statusOfError } from '../engine/error-report.ts';
import { HostLockedError } from '../engine/errors.ts';
import type { HostStatus, Summary } from '../engine/events.ts';
import { type HostRole, mergedRoles } from '../engine/host-roles.ts';
import { Leases } from '../engine/leases.ts';
import { openSlot, slotMessage } from '../engine/locked.ts';
import { finishHost, type HostEnd, type PlayHost } from '../engine/play-host.ts';
import { hasConfirmed } from '../engine/redundancy.ts';
import type { RunContext } from '../engine/run-context.ts';
import { isSurveyed } from '../engine/survey.ts';
import type { Host } from '../inventory/model.ts';
import type { Playbook } from '../playbook/define.ts';
import type { Upgrade } from './define.ts';
import { Fleet } from './fleet.ts';
import type { UpgradeMemory } from './memory.ts';
import type { Release } from './release.ts';
import type { UpgradeSettings } from './settings.ts';
import type { UpgradeJob } from './trip.ts';

export interface RollOutInput {
  /** Of the command: `upgrade`, `reboot`, `rollback`. */
  readonly name: string;
  readonly upgrade: Upgrade;
  /** Those that the command is about, in the order of the inventory. */
  readonly hosts: readonly Host[];
  /** Of all hosts, over all playbooks. */
  readonly roles: readonly HostRole[];
  readonly playbooks: readonly Playbook[];
  readonly memory: UpgradeMemory;
  readonly settings: (host: Host) => UpgradeSettings;
  readonly wallMs: () => number;
  readonly ignoreWindows: boolean;
  readonly allowDowngrade: boolean;
}

export class RollOut {
  readonly ctx: RunContext;
  readonly input: RollOutInput;
  readonly fleet: Fleet;
  readonly ended = new Map<string, PlayHost>();
  /** Releases that were confirmed on a host, and that none went back from since. */
  readonly proven: Release[] = [];
  readonly #startedMs: number;
  readonly #touched = new Set<string>();
  #job: UpgradeJob | undefined;
  #loop: AvailabilityLoop | undefined;

  constructor(ctx: RunContext, input: RollOutInput) {
    this.ctx = ctx;
    this.input = input;
    this.#startedMs = ctx.now();
    this.fleet = new Fleet(this.#steady(ctx.run), input.roles);
  }

  /** What was begun is ended: the user's Ctrl-C reaches only what is still to come. */
  #steady(run: string): RunContext {
    return { ...this.ctx, run, signal: new AbortController().signal };
  }

  start(): void {
    const { name, hosts } = this.input;
    this.ctx.emit({
      event: 'run-started',
      playbook: name,
      check: this.ctx.options.check,
      pattern: this.ctx.options.limit ?? this.input.upgrade.hosts,
      hosts: hosts.map((host) => host.name),
    });
  }

  /** Connects to everybody concerned. Hosts that cannot be asked, or are in the middle of something else, are ended here. */
  async survey(isOurs: (run: string) => boolean = () => false): Promise<readonly Host[]> {
    await this.fleet.connect(this.fleet.withMembers(this.input.hosts));
    return this.input.hosts.filter((host) => {
      const survey = this.fleet.survey(host.name);
      if (!isSurveyed(survey)) {
        this.end(host, { status: statusOfError(survey.error), startedMs: survey.startedMs, error: survey.error });
        return false;
      }
      const slot = openSlot(survey.observation.slot);
      if (slot === undefined || isOurs(slot.run)) return true;
      const remedy =
        slot.state === 'failed'
          ? `Look at the host, then end it: run unlock ${host.name}`
          : slot.kind === 'os'
            ? 'It ends by itself; or take it up: run upgrade --resume, or end it now: run upgrade --abort'
            : `It ends by itself. See: run status ${host.name}`;
      const error = new HostLockedError(slotMessage(host.name, slot), { host: host.name, remedy });
      this.end(host, { status: 'locked', startedMs: survey.startedMs, error });
      return false;
    });
  }

  job(): UpgradeJob {
    this.#job ??= this.#newJob(this.ctx.run);
    return this.#job;
  }

  /** An earlier run is taken up: leases and slots go on under its name, until the end of this one. */
  async adopt(run: string): Promise<UpgradeJob> {
    if (this.#job?.ctx.run === run) return this.#job;
    await this.#job?.leases.release();
    this.#job = this.#newJob(run);
    return this.#job;
  }

  #newJob(run: string): UpgradeJob {
    const ctx = this.#steady(run);
    const { name, playbooks, wallMs, ignoreWindows, allowDowngrade } = this.input;
    return {
      ctx,
      interrupted: this.ctx.signal,
      fleet: this.fleet,
      leases: new Leases(ctx, name),
      playbooks,
      wallMs,
      ignoreWindows,
      allowDowngrade,
    };
  }

  /** From now on clients' questions are asked as well. */
  async measure(hosts: readonly Host[]): Promise<void> {
    const reached = [...new Set(hosts.flatMap(({ name }) => this.fleet.partners(name)))];
    const serving = new Set<string>();
    for (const { desired } of reached) {
      const { name } = desired.host;
      if ((await (await this.fleet.standIns(name)).health(name)).serves) serving.add(name);
    }
    // Of roles that were deployed: nobody misses the others.
    const deployed = reached.map((survey) => {
      const { host } = survey.desired;
      const roles = this.fleet.rolesOf(host.name).filter(({ desired }) => hasConfirmed(desired, survey.observation));
      return { ...survey, desired: mergedRoles(host, roles) };
    });
    this.#loop = await startAvailability(this.ctx, deployed, serving);
  }

  touch(host: Host): void {
    this.#touched.add(host.name);
  }

  end(host: Host, end: HostEnd): PlayHost {
    const { desired } = this.fleet.survey(host.name);
    // Of its configuration nothing is said here: the release is one thing.
    const ended = finishHost(this.ctx, { ...desired, resources: [] }, end);
    this.ended.set(host.name, ended);
    return ended;
  }

  /** Hosts that nobody came to. */
  skipRest(message: string): void {
    for (const host of this.input.hosts) {
      if (!this.ended.has(host.name)) this.end(host, { status: 'skipped', startedMs: this.ctx.now(), message });
    }
  }

  /** Always called: gives everything back. */
  async finish(): Promise<Summary['availability']> {
    await this.#job?.leases.release(this.#touched);
    const availability = await this.#loop?.stop();
    await this.fleet.close();
    const isAtWork = [...this.#touched].some((name) => !wasKeptOut(this.ended.get(name)?.status));
    return isAtWork ? availability : undefined;
  }

  summary(availability: Summary['availability']): Summary {
    const hosts = this.input.hosts.flatMap(({ name }) => {
      const ended = this.ended.get(name);
      return ended === undefined
        ? []
        : [[name, { status: ended.status, changes: ended.changes, error: ended.error }] as const];
    });
    const summary: Summary = {
      event: 'summary',
      playbook: this.input.name,
      check: this.ctx.options.check,
      status: overall(hosts.map(([, { status }]) => status)),
      durationMs: Math.round(this.ctx.now() - this.#startedMs),
      hosts: Object.fromEntries(hosts),
      ...(availability === undefined ? {} : { availability }),
    };
    this.ctx.emit(summary);
    return summary;
  }
}

/** Refused before anything was written: its services did not notice. */
function wasKeptOut(status: HostStatus | undefined): boolean {
  return status === 'refused' || status === 'locked' || status === 'unreachable';
}

function overall(states: readonly HostStatus[]): Summary['status'] {
  if (states.includes('reverted')) return 'reverted';
  if (states.some((status) => status !== 'ok' && status !== 'changed')) return 'failed';
  return states.includes('changed') ? 'changed' : 'ok';
}

/** Of a slot: 12 hex digits. */
export function drawSlotId(): string {
  return randomBytes(6).toString('hex');
}
