/** `--resume` and `--abort`: what an earlier run has left on the hosts is looked at anew, and ended: forwards, or back. */
import { statusOfError } from '../engine/error-report.ts';
import type { Summary } from '../engine/events.ts';
import { isFailure } from '../engine/play-host.ts';
import type { RunContext } from '../engine/run-context.ts';
import { InfraError } from '../errors.ts';
import type { OsLook, OsSlot } from '../host/os-look.ts';
import type { Host } from '../inventory/model.ts';
import { HostStuckError, NoSuchUpgradeError } from './errors.ts';
import { releaseOfDeployment } from './fleet.ts';
import { type HostUpgradeEnd, upgradeHost } from './host-upgrade.ts';
import type { State } from './machine.ts';
import type { UnfinishedRun } from './memory.ts';
import { type Release, releaseName, type Wanted } from './release.ts';
import { forgive, remember } from './remember.ts';
import { RollOut } from './roll-out.ts';
import { type RunUpgradeInput, rollTo } from './run-upgrade.ts';
import type { Trip } from './trip.ts';
import { waitForBoot } from './wait-boot.ts';

/** A host on which an upgrade is open, or has failed. */
interface OpenHost {
  readonly host: Host;
  readonly slot: OsSlot;
}

export async function runResume(ctx: RunContext, input: RunUpgradeInput, then: 'resume' | 'abort'): Promise<Summary> {
  // The lease that a dead controller still holds runs out by itself; what it had begun on the host may renew it once more.
  const patient = Math.max(ctx.options.waitLockSec, 2 * ctx.deadlines.leaseSec + 15);
  const waiting = { ...ctx, options: { ...ctx.options, waitLockSec: patient } };
  const rollOut = new RollOut(waiting, input);
  rollOut.start();
  let availability: Summary['availability'];
  try {
    await awaitAll(waiting, input);
    const hosts = await rollOut.survey(() => true);
    const open = openHosts(rollOut, hosts);
    const unfinished = input.memory.unfinished();
    if (open.length === 0 && unfinished === undefined)
      throw new NoSuchUpgradeError(
        `there is no upgrade to ${then}: none is open on ${hosts.map(({ name }) => name).join(', ')}`,
        {
          remedy: then === 'resume' ? 'Begin one: run upgrade' : 'Nothing has to be done.',
        },
      );
    if (await mayGoOn(rollOut, open, then)) {
      await endOpen(rollOut, open, then);
      if (then === 'abort') endAbort(rollOut, hosts);
      else await goOn(rollOut, hosts, { input, unfinished, open });
      await forgive(rollOut);
    }
  } finally {
    availability = await rollOut.finish();
  }
  return rollOut.summary(availability);
}

/** A host that was told to reboot when its controller died may be down at this moment. */
async function awaitAll(ctx: RunContext, { hosts, settings }: RunUpgradeInput): Promise<void> {
  const wait = async (host: Host): Promise<void> => {
    const withinMs = settings(host).rebootWithinSec * 1000;
    const booted = await waitForBoot(ctx, host, { withinMs, signal: ctx.signal });
    await booted?.connection.close();
  };
  await Promise.all(hosts.map(wait));
}

function openHosts({ fleet }: RollOut, hosts: readonly Host[]): readonly OpenHost[] {
  return hosts.flatMap((host) => {
    const { slot } = fleet.look(host.name);
    return slot === undefined || slot.state === 'confirmed' || slot.state === 'reverted' ? [] : [{ host, slot }];
  });
}

async function mayGoOn(rollOut: RollOut, open: readonly OpenHost[], then: 'resume' | 'abort'): Promise<boolean> {
  const { ctx } = rollOut;
  const what = open
    .map(({ host, slot }) => `${host.name} (${slot.toVersion || slot.target}, ${slot.state})`)
    .join(', ');
  if (ctx.options.check) {
    rollOut.skipRest(open.length === 0 ? `would ${then} the roll-out` : `would ${then} ${what}`);
    return false;
  }
  if (
    ctx.confirm === undefined ||
    (await ctx.confirm(`${then === 'resume' ? 'Resume' : 'End'} the upgrade of ${what || 'the hosts that are left'}?`))
  )
    return true;
  rollOut.skipRest('not confirmed');
  return false;
}

async function endOpen(rollOut: RollOut, open: readonly OpenHost[], then: 'resume' | 'abort'): Promise<void> {
  for (const one of open) {
    const { host, slot } = one;
    const trip = tripOf(rollOut, one);
    rollOut.touch(host);
    const end = await endOne(rollOut, trip, slot, then);
    // Dropped before its reboot: it is taken up from the beginning.
    if (then === 'resume' && end.state === 'abandoned' && end.status === 'skipped') {
      await rollOut.fleet.relook(host.name);
      continue;
    }
    const { status, changes, error, message } = end;
    const isWanted = then === 'abort' && (end.state === 'abandoned' || end.state === 'rolled-back');
    rollOut.end(host, {
      status: isWanted ? 'changed' : status,
      startedMs: trip.startedMs,
      changes,
      ...(error === undefined || isWanted ? {} : { error }),
      ...(isWanted
        ? { message: `the upgrade is ended; it runs ${releaseName(trip.fromRelease)}` }
        : message === undefined
          ? {}
          : { message }),
    });
  }
}

async function endOne(rollOut: RollOut, trip: Trip, slot: OsSlot, then: 'resume' | 'abort'): Promise<HostUpgradeEnd> {
  const job = await rollOut.adopt(slot.run);
  const { fleet } = rollOut;
  const { name } = trip.host;
  try {
    const state = stateOf(fleet.look(name), slot, then);
    if (state === undefined) throw stuck(name, slot);
    // What the dead controller held is waited for, once, for all of them. After its boot the host's own lease is drawn by the step that needs it.
    const partners = fleet.partners(name).filter(({ desired }) => state === 'abandoning' || desired.host.name !== name);
    await job.leases.acquire(
      partners.map(({ desired, connection }) => ({ name: desired.host.name, connection })),
      new Set([name]),
    );
    const end = await upgradeHost(job, trip, state);
    await remember(rollOut, trip, end);
    return end;
  } catch (error) {
    if (!(error instanceof InfraError)) throw error;
    return { state: 'stuck', status: statusOfError(error), changes: [], error };
  }
}

function stuck(host: string, slot: OsSlot): HostStuckError {
  return new HostStuckError(
    `the upgrade of ${host} has failed: nobody can name what it runs${slot.cause === '' ? '' : ` (${slot.cause})`}`,
    {
      host,
      remedy: `Look at it (run ssh ${host}; rpm-ostree status). When it is as it should be: run unlock ${host}`,
    },
  );
}

/** Where an upgrade is taken up: by what the host says now, whatever was last heard of it. undefined: a person has to look. */
export function stateOf(
  look: Pick<OsLook, 'booted' | 'bootId'>,
  slot: OsSlot,
  then: 'resume' | 'abort',
): State | undefined {
  switch (slot.state) {
    case 'armed':
      return look.booted === slot.from ? 'abandoning' : 'going-back';
    case 'applied':
      return then === 'resume' && look.booted === slot.to && look.bootId === slot.trialBoot ? 'trial' : 'going-back';
    case 'reverting':
      return 'going-back';
    default:
      return undefined;
  }
}

function tripOf({ fleet, input, ctx }: RollOut, { host, slot }: OpenHost): Trip {
  const look = fleet.look(host.name);
  const release = (name: string, version: string): Release => {
    const found = look.deployments.find((one) => one.name === name);
    return found === undefined ? { version } : releaseOfDeployment(found);
  };
  return {
    host,
    action: slot.action === 'rollback' ? 'rollback' : 'upgrade',
    release: release(slot.to, slot.toVersion),
    settings: input.settings(host),
    startedMs: ctx.now(),
    id: slot.id,
    from: slot.from,
    fromRelease: release(slot.from, ''),
    to: slot.to,
    bootId: look.bootId,
    trialBoot: slot.trialBoot,
    isReleaseRed: false,
    lastFailed: [],
    drift: [],
    tookMs: {},
  };
}

function endAbort(rollOut: RollOut, hosts: readonly Host[]): void {
  rollOut.input.memory.end();
  for (const host of hosts) {
    if (!rollOut.ended.has(host.name))
      rollOut.end(host, { status: 'ok', startedMs: rollOut.ctx.now(), message: 'nothing is open' });
  }
}

interface GoOn {
  readonly input: RunUpgradeInput;
  readonly unfinished: UnfinishedRun | undefined;
  readonly open: readonly OpenHost[];
}

/** The hosts that are left, to the same release. */
async function goOn(rollOut: RollOut, hosts: readonly Host[], { input, unfinished, open }: GoOn): Promise<void> {
  // Of one host, by a person's wish: neither its target nor an upgrade of before is anybody else's business now.
  if (open.some(({ slot }) => slot.action === 'rollback'))
    return rollOut.skipRest('not touched: what was resumed is the rollback of another host');
  const failed = [...rollOut.ended.values()].filter(isFailure).length;
  if (failed > input.upgrade.maxFailed) {
    rollOut.skipRest('not touched: an earlier host failed');
    if (![...rollOut.ended.values()].some(({ status }) => status === 'unknown')) input.memory.end();
    return;
  }
  const target = unfinished?.target ?? targetOf(open);
  const left = hosts.filter(({ name }) => !rollOut.ended.has(name));
  if (target === undefined || left.length === 0) {
    input.memory.end();
    rollOut.skipRest('not touched: nobody knows any more where it was to go');
    return;
  }
  await rollTo(rollOut, left, { ...input, wanted: wantedOf(target) });
}

function targetOf(open: readonly OpenHost[]): Release | undefined {
  const slot = open[0]?.slot;
  if (slot === undefined) return undefined;
  const id = slot.target.startsWith('sha256:')
    ? { digest: slot.target }
    : slot.target === ''
      ? {}
      : { checksum: slot.target };
  return { version: slot.toVersion, ...id };
}

/** By what identifies it where that is one for all, else by version. */
function wantedOf({ version, digest, checksum }: Release): Wanted {
  if (version !== '') return { kind: 'version', version };
  return { kind: 'digest', digest: digest ?? `sha256:${checksum ?? ''}` };
}
