/** `run revert`: brings a kept generation of a host back as a new change set, or ends the change set that is open there. */
import { InfraError } from '../errors.ts';
import type { Host } from '../inventory/model.ts';
import { type Play, rolling } from '../playbook/define.ts';
import type { Connection } from '../ssh/transport.ts';
import type { Availability } from './availability.ts';
import { rollOut } from './change-hosts.ts';
import { mapBounded } from './concurrency.ts';
import { statusOfError } from './error-report.ts';
import { HostLockedError, RestoreError } from './errors.ts';
import type { Summary } from './events.ts';
import { type KeptGeneration, listGenerations } from './generation.ts';
import { observe } from './host-agent.ts';
import { type HostRole, mergedRoles } from './host-roles.ts';
import { endingCommand, openSlot, slotMessage } from './locked.ts';
import { MemberGroups } from './member-groups.ts';
import { Members } from './members.ts';
import type { SlotState } from './observation.ts';
import type { PlannedHost } from './plan-host.ts';
import { finishHost, type PlayHost } from './play-host.ts';
import { redundancyGroup } from './redundancy.ts';
import { planRestore, type RestorePlan } from './restore-plan.ts';
import { endOpenSlot } from './restore-slot.ts';
import type { RunContext } from './run-context.ts';
import { isSurveyed, reobserve, type Survey, surveyHost } from './survey.ts';

export interface RunRestoreInput {
  readonly host: Host;
  /** Of all hosts, over all playbooks: units, probes, and who stands in. */
  readonly roles: readonly HostRole[];
  /** Default: the generation before the present one; with a change set open on the host, its end. */
  readonly to?: number;
}

interface Restored {
  readonly host: PlayHost;
  readonly availability?: Availability;
}

/** Emits the events of a run, and returns its summary: one host. */
export async function runRestore(ctx: RunContext, input: RunRestoreInput): Promise<Summary> {
  const startedMs = ctx.now();
  const { host } = input;
  ctx.emit({
    event: 'run-started',
    playbook: 'revert',
    check: ctx.options.check,
    pattern: host.name,
    hosts: [host.name],
  });
  const { host: ended, availability } = await restoreHost(ctx, input, startedMs);
  const { host: _name, ...summary } = ended;
  const result: Summary = {
    event: 'summary',
    playbook: 'revert',
    check: ctx.options.check,
    status:
      ended.status === 'ok' || ended.status === 'changed' || ended.status === 'reverted' ? ended.status : 'failed',
    durationMs: Math.round(ctx.now() - startedMs),
    hosts: { [host.name]: summary },
    ...(availability === undefined ? {} : { availability }),
  };
  ctx.emit(result);
  return result;
}

async function restoreHost(ctx: RunContext, input: RunRestoreInput, startedMs: number): Promise<Restored> {
  const { host } = input;
  const present = input.roles.filter((role) => role.host.name === host.name);
  const desired = mergedRoles(host, present);
  let connection: Connection | undefined;
  try {
    connection = await ctx.transport.connect(host, { timeoutMs: ctx.deadlines.connectMs, signal: ctx.signal });
    const seen = await observe(connection, { paths: [], units: [], images: [], commands: [], zonePaths: [] }, ctx);
    const slot = openSlot(seen.slot);
    if (slot !== undefined) {
      const isOurs = input.to === undefined && slot.kind === 'config' && slot.state !== 'failed';
      if (!isOurs) throw notNow(host.name, slot);
      return { host: await endOpenSlot(ctx, { desired, roles: present, connection, slot, startedMs }) };
    }
    const wanted = choose(host.name, await listGenerations(ctx, connection), input.to);
    return await bringBack(ctx, { ...input, connection, present, wanted, startedMs });
  } catch (error) {
    if (!(error instanceof InfraError)) throw error;
    return { host: finishHost(ctx, desired, { status: statusOfError(error), startedMs, error }) };
  } finally {
    await connection?.close();
  }
}

function notNow(host: string, slot: SlotState): HostLockedError {
  const end = `run ${endingCommand(host, slot)}${slot.kind === 'os' ? '' : ' (without --to)'}`;
  return new HostLockedError(slotMessage(host, slot), {
    host,
    remedy:
      slot.state === 'failed'
        ? `Look at the host, then put it aside: run unlock ${host}`
        : `Wait for its end, or end it first: ${end}`,
  });
}

/** Throws RestoreError when there is no such generation. */
function choose(host: string, kept: readonly KeptGeneration[], to: number | undefined): KeptGeneration {
  const found = to === undefined ? kept[1] : kept.find(({ generation }) => generation === to);
  if (found !== undefined) return found;
  const numbers = kept.map(({ generation }) => generation).join(', ');
  if (kept.length === 0)
    throw new RestoreError(`nothing was ever deployed to ${host}: there is nothing to bring back`, {
      host,
      remedy: `See: run status ${host}`,
    });
  throw new RestoreError(
    to === undefined
      ? `${host} has only one generation, ${numbers}: there is none before it`
      : `${host} keeps no generation ${to}; it keeps ${numbers}`,
    { host, remedy: `See: run generations ${host}` },
  );
}

interface BringBack extends RunRestoreInput {
  readonly connection: Connection;
  readonly present: readonly HostRole[];
  readonly wanted: KeptGeneration;
  readonly startedMs: number;
}

async function bringBack(ctx: RunContext, input: BringBack): Promise<Restored> {
  const { host, connection, present, wanted, startedMs } = input;
  const { generation } = wanted;
  const members = [...new Set(present.flatMap(({ members: all }) => all))];
  const plan = await planRestore(ctx, { host, connection, generation, present, members });
  const { planned } = plan;
  const { desired } = planned.survey;
  const done = (end: Parameters<typeof finishHost>[2]): Restored => ({ host: finishHost(ctx, desired, end) });
  if (planned.changeSet === undefined)
    return done({ status: 'ok', startedMs, message: `already is as generation ${generation} was` });
  warn(ctx, input, plan);
  if (ctx.options.check) return done({ status: 'changed', startedMs, changes: planned.reports });
  if (
    ctx.confirm !== undefined &&
    !(await ctx.confirm(`Bring generation ${generation} of ${host.name} (run ${wanted.run} of ${wanted.owner}) back?`))
  )
    return done({ status: 'skipped', startedMs, message: 'not confirmed' });
  const message = `generation ${generation} is back`;
  const restore = { serials: plan.serials, replan: plan.replan, message };
  const restored = await change(ctx, input, { ...planned, restore });
  const isDescribed = planned.roles.some((role) => present.some((one) => one.role === role));
  if (restored.host.status === 'changed' && isDescribed)
    ctx.emit({
      event: 'warning',
      host: host.name,
      message: 'the playbooks and the inventory still describe what was taken back: the next run would apply it again',
      remedy: `Correct them first. What a run would do: run status ${host.name} --drift`,
    });
  return restored;
}

function warn(ctx: RunContext, { host, present }: BringBack, { planned, leaving, newSerials }: RestorePlan): void {
  const say = (message: string, remedy?: string): void =>
    ctx.emit({ event: 'warning', host: host.name, message, ...(remedy === undefined ? {} : { remedy }) });
  const known = new Set(present.map(({ role }) => role));
  const unknown = planned.roles.filter((role) => !known.has(role));
  if (leaving.length > 0)
    say(
      `that generation of ${host.name} has nothing of ${leaving.join(', ')}: what it wrote goes, and what the OS ships comes back`,
    );
  if (unknown.length > 0)
    say(
      `no playbook describes ${unknown.join(', ')} on ${host.name} any more: no probe proves it`,
      'Its units must stay up, else the host goes back by itself.',
    );
  if (newSerials.length > 0)
    say(`the old content of ${newSerials.join(', ')} gets a new serial, since secondaries follow a rising one only`);
}

/** The way of every change: leases of all groups that are touched, peers proven, apply, probes, confirm. */
async function change(ctx: RunContext, input: BringBack, planned: PlannedHost): Promise<Restored> {
  const { host, connection, present, roles, startedMs } = input;
  const isKnown = planned.roles.every((name) => present.some(({ role }) => role === name));
  // Nobody knows what a role serves that no playbook describes any more: then everybody stands in.
  const touched = isKnown ? present.filter(({ role }) => planned.roles.includes(role)) : present;
  const patterns = [...new Set(touched.map(({ pattern }) => pattern))];
  const inGroup = (role: HostRole, pattern: string): boolean =>
    role.pattern === pattern && touched.some((one) => one.pattern === pattern && one.role === role.role);
  const rolesOf = (name: string, pattern?: string): readonly HostRole[] =>
    roles.filter(
      (role) => role.host.name === name && patterns.some((one) => (pattern ?? one) === one && inGroup(role, one)),
    );
  const others = [...new Set(touched.flatMap(({ members }) => members))].filter(({ name }) => name !== host.name);
  const own = await reobserve(ctx, {
    desired: mergedRoles(host, rolesOf(host.name)),
    connection,
    early: Promise.resolve([]),
    startedMs,
  });
  const surveys: Survey[] = [
    own,
    ...(await mapBounded(others, ctx.options.forks, (other) =>
      surveyHost(ctx, mergedRoles(other, rolesOf(other.name))),
    )),
  ];
  const groups = patterns.map((pattern) => {
    const members = touched.find((role) => role.pattern === pattern)?.members ?? [host];
    const theirs = surveys
      .filter(({ desired }) => members.includes(desired.host))
      .map((survey) => ({
        ...survey,
        desired: mergedRoles(survey.desired.host, rolesOf(survey.desired.host.name, pattern)),
      }));
    return new Members(ctx, redundancyGroup(ctx.inventory, pattern, members), theirs);
  });
  const play: Play = {
    hosts: patterns.join(':'),
    strategy: rolling(),
    roles: [],
    gates: [],
    before: [],
    after: [],
    onFailure: 'stop',
  };
  try {
    const { hosts, availability } = await rollOut(
      ctx,
      { play, planned: [planned], serials: planned.restore?.serials ?? new Map(), failedBefore: 0 },
      new MemberGroups(groups, surveys.filter(isSurveyed)),
    );
    const [ended] = hosts;
    if (ended === undefined) throw new Error('a roll-out of one host ended with none');
    return { host: ended, ...(availability === undefined ? {} : { availability }) };
  } finally {
    await Promise.all(
      surveys.filter(isSurveyed).map((survey) => (survey === own ? undefined : survey.connection.close())),
    );
  }
}
