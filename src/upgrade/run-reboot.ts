/** `run reboot`: one host after the other, behind the same gates as an upgrade, with the same OS before and after. */
import { statusOfError } from '../engine/error-report.ts';
import { ProbeFailedError, RefusedError } from '../engine/errors.ts';
import type { Summary } from '../engine/events.ts';
import { failedProbes, probeLines, tellProbes } from '../engine/judge.ts';
import { isFailure } from '../engine/play-host.ts';
import type { RunContext } from '../engine/run-context.ts';
import { TemporaryStates } from '../engine/temporary-states.ts';
import { InfraError } from '../errors.ts';
import { osRebootCommand } from '../host/os-verbs.ts';
import type { Host } from '../inventory/model.ts';
import { awaitSame } from './await-same.ts';
import { statesFor } from './cross.ts';
import { converse } from './dialogue.ts';
import { upgradeOrder } from './order.ts';
import { windowFact } from './plan-text.ts';
import { askOwnProbes, installHelper, proveHealthy, requireGoOn, takeLeases } from './prepare.ts';
import { RollOut, type RollOutInput } from './roll-out.ts';
import { standbyHosts } from './standby.ts';
import type { UpgradeJob } from './trip.ts';
import { pause } from './wait-boot.ts';
import { requireWindow } from './windows-now.ts';
import { span } from './words.ts';

const GO_MS = 60_000;
/** Containers take their time after a boot. ms */
const UP_MS = 120_000;

export async function runReboot(ctx: RunContext, input: RollOutInput): Promise<Summary> {
  const rollOut = new RollOut(ctx, input);
  rollOut.start();
  let availability: Summary['availability'];
  try {
    const hosts = await rollOut.survey();
    if (hosts.length > 0) await rebootAll(rollOut, hosts);
  } finally {
    availability = await rollOut.finish();
  }
  return rollOut.summary(availability);
}

async function rebootAll(rollOut: RollOut, hosts: readonly Host[]): Promise<void> {
  const { ctx, input, fleet } = rollOut;
  const order = upgradeOrder({
    hosts: hosts.map(({ name }) => name),
    order: input.upgrade.order,
    standby: standbyHosts(fleet, hosts),
  });
  const title = `reboot of ${order.join(', then ')}, with the same OS`;
  ctx.emit({ event: 'upgrade-planned', title, target: '', order });
  if (ctx.options.check) {
    for (const host of hosts) {
      const detail = windowFact(input.settings(host), input.wallMs());
      rollOut.end(host, {
        status: 'changed',
        startedMs: ctx.now(),
        changes: [{ resource: 'os:reboot', action: 'restart', ...(detail === undefined ? {} : { detail }) }],
      });
    }
    return;
  }
  if (ctx.confirm !== undefined && !(await ctx.confirm(`Reboot ${order.join(', then ')}?`)))
    return rollOut.skipRest('not confirmed');
  await rollOut.measure(hosts);
  let failed = [...rollOut.ended.values()].filter(isFailure).length;
  for (const name of order) {
    const host = hosts.find((one) => one.name === name) as Host;
    if (ctx.signal.aborted) return rollOut.skipRest('interrupted before it was begun');
    if (failed > input.upgrade.maxFailed) return rollOut.skipRest('not touched: an earlier host failed');
    const startedMs = ctx.now();
    rollOut.touch(host);
    try {
      const tookMs = await rebootHost(rollOut, host);
      rollOut.end(host, {
        status: 'changed',
        startedMs,
        changes: [{ resource: 'os:reboot', action: 'restart' }],
        message: `rebooted ${span(tookMs)} · serves again`,
      });
    } catch (error) {
      if (!(error instanceof InfraError)) throw error;
      failed += 1;
      rollOut.end(host, { status: statusOfError(error), startedMs, error });
    }
  }
}

/** How long it was away, ms. Throws what went wrong: before the reboot it was not touched. */
async function rebootHost(rollOut: RollOut, host: Host): Promise<number> {
  const job = rollOut.job();
  const { ctx, fleet, leases } = job;
  const { name } = host;
  const settings = rollOut.input.settings(host);
  const needsMs = settings.rebootWithinSec * 1000;
  const told = (step: string, message: string): void => ctx.emit({ event: 'host-step', host: name, step, message });
  requireGoOn(job, { host });
  requireWindow(job, { host, settings }, needsMs);
  told('checking', 'services and peers');
  await proveHealthy(job, { host });
  const targets = new Set([name]);
  const { notes } = await (await fleet.standIns(name)).prove(targets, ctx.options.forceUnsafe);
  for (const message of notes) ctx.emit({ event: 'warning', message });
  await takeLeases(job, name);
  await installHelper(job, { host });
  const { bootId, booted } = await fleet.relook(name);
  const states = new TemporaryStates(ctx, (one) => leases.holding(one));
  const goMs = ctx.now();
  try {
    await tellToReboot(job, host, { bootId, states, needsMs, settings });
    told('rebooting', 'it is waited for');
    await awaitSame(job, host, { bootId, booted, rebootWithinSec: settings.rebootWithinSec });
    const tookMs = ctx.now() - goMs;
    await leases.takeAgain({ name, connection: fleet.reached(name).connection });
    told('verifying', 'its services');
    await proveServes(job, host);
    return tookMs;
  } finally {
    const left = await states.leave();
    if (left !== undefined) ctx.emit({ event: 'warning', host: name, message: left.message, remedy: left.remedy });
  }
}

interface Terms {
  readonly bootId: string;
  readonly states: TemporaryStates;
  readonly needsMs: number;
  readonly settings: ReturnType<RollOutInput['settings']>;
}

async function tellToReboot(job: UpgradeJob, host: Host, { bootId, states, needsMs, settings }: Terms): Promise<void> {
  const { ctx, fleet, leases } = job;
  const { name } = host;
  const end = await converse(fleet.reached(name).connection, {
    command: osRebootCommand({ token: leases.token(name), bootId }, ctx.run, ctx.helper),
    what: 'rebooting',
    timeoutMs: GO_MS,
    onStep: () => {},
    beforeGo: async () => {
      requireGoOn(job, { host });
      requireWindow(job, { host, settings }, needsMs);
      await leases.renew(
        fleet
          .partners(name)
          .map(({ desired }) => desired.host.name)
          .filter((one) => one !== name),
      );
      await states.enter(await statesFor(job, { host }));
      await (await fleet.standIns(name)).prove(new Set([name]), ctx.options.forceUnsafe);
    },
  });
  if (end.refusal !== undefined) throw end.refusal;
  if (end.wentOn && end.failure === undefined) return;
  throw new RefusedError(
    `${name} was not rebooted: ${end.failure?.message ?? end.lost?.message ?? 'it said nothing'}`,
    {
      host: name,
      detail: end.failure?.detail ?? [],
      remedy: `See: run status ${name}`,
    },
  );
}

async function proveServes(job: UpgradeJob, host: Host): Promise<void> {
  const { ctx, fleet } = job;
  const deadline = ctx.now() + UP_MS;
  for (;;) {
    const results = await askOwnProbes(job, host.name);
    const failed = failedProbes(results);
    if (failed.length === 0) return tellProbes(ctx, host.name, results);
    if (ctx.now() > deadline)
      throw new ProbeFailedError(`${host.name} does not serve after its reboot`, {
        host: host.name,
        detail: probeLines(failed),
        remedy: `See what is wrong: run status ${host.name}`,
      });
    await pause(1_000);
    await fleet.reobserve(host.name);
  }
}
