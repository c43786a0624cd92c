/** What `run status` adds to a look at a host: its deployments, Zincati, and its clock. Asked beside observing, on the same connection. */
import { InfraError } from '../errors.ts';
import type { OsDeployment, OsLook, OsPast } from '../host/os-look.ts';
import { parseOsLook } from '../host/os-look-parse.ts';
import { osLookCall } from '../host/os-verbs.ts';
import type { Connection } from '../ssh/transport.ts';
import type { ClockState, GuardWord, LastUpgrade, OsState, ZincatiState } from './fleet.ts';
import type { RunContext } from './run-context.ts';

/** The daemon may have to be started first; who is slower than this is shown without. ms */
const LOOK_MS = 10_000;

/** undefined: it could not be told, which is no fault of the services. */
export interface OsGlance {
  readonly look?: OsLook;
  readonly clock?: ClockState;
  readonly machine?: Machine;
}

/** The boot that runs, and the guard's units as systemd has them. */
export interface Machine {
  readonly uptimeSec: number;
  /** Of coreos-infra-guard.path: it waits for a slot. */
  readonly isWaiting: boolean;
  /** Of coreos-infra-guard.service: it watches one. */
  readonly isAwake: boolean;
}

/** Never throws for what a host does. */
export async function glanceAtOs(ctx: RunContext, connection: Connection): Promise<OsGlance> {
  const [look, clock, machine] = await Promise.all([
    unlessFailing(() => readLook(ctx, connection)),
    unlessFailing(() => readClock(ctx, connection)),
    unlessFailing(() => readMachine(ctx, connection)),
  ]);
  return {
    ...(look === undefined ? {} : { look }),
    ...(clock === undefined ? {} : { clock }),
    ...(machine === undefined ? {} : { machine }),
  };
}

async function unlessFailing<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof InfraError) return undefined;
    throw error;
  }
}

async function readLook(ctx: RunContext, connection: Connection): Promise<OsLook | undefined> {
  const call = osLookCall();
  const options = { what: 'looking at the deployments', timeoutMs: LOOK_MS, stdin: call.stdin, signal: ctx.signal };
  const { code, stdout } = await connection.exec(call.command, options);
  return code === 0 ? parseOsLook(stdout) : undefined;
}

/** A plain command, without the helper: what it takes to start is what its answer cannot be nearer than. */
async function readClock(ctx: RunContext, connection: Connection): Promise<ClockState | undefined> {
  const askedAt = Date.now();
  const { code, stdout } = await connection.exec('date +%s%3N', {
    what: 'reading the clock',
    timeoutMs: LOOK_MS,
    signal: ctx.signal,
  });
  return code === 0 ? clockOf(stdout.toString('utf8'), askedAt, Date.now()) : undefined;
}

/** The host's answer fell between asking and hearing. Pure. */
export function clockOf(text: string, askedAtMs: number, heardAtMs: number): ClockState | undefined {
  if (!/^\d{10,16}\s*$/.test(text)) return undefined;
  const half = Math.max(0, heardAtMs - askedAtMs) / 2;
  return { offsetMs: Math.round(Number(text) - (askedAtMs + half)), withinMs: Math.ceil(half) };
}

/**
 * How old process 1 is, in ticks of 1/100 s (USER_HZ, on every architecture of Fedora CoreOS): on a host that is a container
 * /proc/uptime is of the machine below it.
 */
const MACHINE =
  'read -r up rest </proc/uptime; read -ra one </proc/1/stat; echo $((${up%.*} - ${one[21]} / 100)); systemctl is-active coreos-infra-guard.path coreos-infra-guard.service';

async function readMachine(ctx: RunContext, connection: Connection): Promise<Machine | undefined> {
  const { stdout } = await connection.exec(`bash -c '${MACHINE}'`, {
    what: 'reading the uptime',
    timeoutMs: LOOK_MS,
    signal: ctx.signal,
  });
  return machineOf(stdout.toString('utf8'));
}

/** Of systemctl's exit code nothing is known: it speaks of the unit that sleeps. Pure. */
export function machineOf(text: string): Machine | undefined {
  const [, uptime, path, service] = /^(\d{1,12})\n([a-z-]+)\n([a-z-]+)\s*$/.exec(text) ?? [];
  if (uptime === undefined) return undefined;
  return { uptimeSec: Number(uptime), isWaiting: path === 'active', isAwake: service === 'active' };
}

/** Pure. */
export function guardOf(helperVersion: string, machine: Machine | undefined): GuardWord | null {
  if (helperVersion === '') return 'none';
  if (machine === undefined) return null;
  if (machine.isAwake) return 'awake';
  return machine.isWaiting ? 'ready' : 'off';
}

/** Pure. */
export function lastUpgradeOf(look: OsLook | undefined): LastUpgrade | null {
  const last = look?.past.findLast((one): one is OsPast & Pick<LastUpgrade, 'state'> => isEnd(one.state));
  if (last === undefined) return null;
  const { fromVersion, toVersion, state, cause, reason, atMs, run, owner } = last;
  const action = last.action === 'rollback' ? 'rollback' : 'upgrade';
  return { action, from: fromVersion, to: toVersion, state, cause, reason, at: atMs, run, owner };
}

function isEnd(state: string): boolean {
  return state === 'confirmed' || state === 'reverted' || state === 'failed';
}

/** What the deployments come to. Pure. */
export function osStateOf(
  facts: { readonly osId: string; readonly osVersion: string },
  look: OsLook | undefined,
): OsState {
  const base = { id: facts.osId, version: facts.osVersion };
  if (look === undefined || look.deployments.length === 0) return base;
  const booted = look.deployments.find((one) => one.booted);
  const staged = look.deployments.find((one) => one.staged);
  // The default of the next boot, where it is another than the one that runs.
  const [first] = look.deployments.filter((one) => !one.staged).sort((a, b) => a.index - b.index);
  const next = staged ?? (first !== undefined && !first.booted ? first : undefined);
  const behind = booted === undefined ? [] : look.deployments.filter(({ index }) => index > booted.index);
  const rollback = behind.sort((a, b) => a.index - b.index).find(({ osname }) => osname === booted?.osname);
  const pinned = look.deployments.filter((one) => one.pinned).map(({ version }) => version);
  return {
    ...base,
    ...(booted === undefined ? {} : { checksum: booted.checksum }),
    ...(next === undefined
      ? {}
      : { next: { version: next.version, how: staged === undefined ? 'default' : 'staged', isLocked: next.locked } }),
    ...(rollback === undefined ? {} : { rollback: rollback.version }),
    ...(pinned.length === 0 ? {} : { pinned }),
    ...layered(booted),
    ...(look.finalizeFailure === undefined ? {} : { finalizeFailure: look.finalizeFailure }),
    ...(look.reconcileFailure === undefined ? {} : { reconcileFailure: look.reconcileFailure }),
    ...(look.failure.length === 0 ? {} : { failure: look.failure.join(' ') }),
  };
}

function layered(booted: OsDeployment | undefined): Pick<OsState, 'layered'> {
  return booted === undefined || booted.layered.length === 0 ? {} : { layered: booted.layered };
}

/** null where there is no such unit. Pure. */
export function zincatiStateOf(look: OsLook | undefined): ZincatiState | null {
  if (look === undefined || look.zincati.active === '') return null;
  const { active, enabled, status, isHeldBySlot, heldFor } = look.zincati;
  return { active, enabled, status, isHeldBySlot, ...(heldFor === undefined ? {} : { heldFor }) };
}
