/** One case of the sweep: a run that something happens to, then time passes, then the host is one of its two states and the next run succeeds. */
import { setTimeout as sleep } from 'node:timers/promises';
import { GO_SECONDS } from '../../src/engine/run-context.ts';
import { labBoot } from '../../src/lab/index.ts';
import type { Case } from './cases.ts';
import type { Content } from './content.ts';
import type { Controller } from './controller-process.ts';
import type { FaultPair, Orders } from './fault-pair.ts';
import { hasRun, leaseSeconds, leftovers, wholeness } from './host-state.ts';
import type { HostView } from './host-view.ts';

export interface Outcome {
  /** What the host that was hit ended as. */
  readonly end: string;
  /** What the controller said of it; `killed` when it could not. */
  readonly said: string;
  /** Queries that neither resolver answered, of all that were asked. */
  readonly lost: number;
  readonly asked: number;
  /** Everything that should not be so. */
  readonly problems: readonly string[];
}

/** Of the guard, s: where it is waited for, and where a machine under load must not bring it in. */
const CONFIRM_WITHIN_SEC = { short: 8, long: 20 };
const NEEDS_GUARD: ReadonlySet<Case['fault']> = new Set(['kill-controller', 'stop-controller', 'cut']);
/** A link that is cut has died (keep-alives of controller-run.ts). */
const LINK_DIES_MS = 7_000;
/** As in controller.ts: the shortest that there is. */
const LEASE_MS = 1_000 * (GO_SECONDS + 1);
const ENDS_WITHIN_MS = 120_000;
/** How long a disk stays full when the run waits for it. */
const FULL_MS = 8_000;

/** As if another version of the helper were installed. */
const OTHER_HELPER = 'echo other >/usr/local/libexec/coreos-infra/current/version';

export async function runCase(pair: FaultPair, one: Case): Promise<Outcome> {
  const view = pair.host(one.host);
  const old = pair.content;
  const wanted: Content = { ...pair.next(one.change), ...provoked(one) };
  const { vars: _, ...next } = wanted;
  if (one.during === 'install') await view.shell(OTHER_HELPER);
  const client = await pair.startClient();
  const problems: string[] = [];
  try {
    const controller = await hit(pair, view, one, wanted);
    await pair.restore();
    await pair.settled(ENDS_WITHIN_MS);
    // Another run went through while the controller slept: that one's content is what it must leave, or replace wholly.
    const before = one.fault === 'stop-controller' ? pair.content : old;
    const { end, wrong } = await judge(pair, one, controller, before, wanted);
    problems.push(...wrong);
    await nextRun(pair, next, problems);
    const { group } = await client.stop();
    const lost = group.asked - group.answered;
    if (lost > 0)
      problems.push(
        `${lost} of ${group.asked} queries were answered by neither resolver, for ${group.longestGapMs} ms`,
      );
    return { end, said: saidOf(controller, one.host), lost, asked: group.asked, problems };
  } finally {
    await client.stop().catch(() => undefined);
    view.clearFault();
    // Killed by us; systemd remembers it as failed until the next boot.
    if (one.by === 'boot') await view.shell('systemctl reset-failed coreos-infra-boot.service').catch(() => undefined);
  }
}

/** What makes a change set come to the step: a revert needs a reason, a pull an image that is not there. */
function provoked({ by, host, step }: Case): Partial<Content> {
  // Nobody has it: the helper tries to pull it.
  if (step === 'validate') return { validates: true };
  if (step === 'images') return { vars: { coredns_image: 'docker.io/coredns/coredns:0.0.1' } };
  if (by === 'apply') return { vars: { faults_fail: host } };
  return by === 'request' ? { vars: { faults_probe: host } } : {};
}

/** Runs the controller up to the case's step, and lets happen what is to happen there. */
async function hit(pair: FaultPair, view: HostView, one: Case, wanted: Content): Promise<Controller> {
  if (one.during !== 'controller' && !isLate(one)) view.setFault(one.step, kindOf(one));
  const isShort = NEEDS_GUARD.has(one.fault) || isLate(one);
  const confirmWithinSec = isShort ? CONFIRM_WITHIN_SEC.short : CONFIRM_WITHIN_SEC.long;
  const controller = await pair.controller(wanted, { confirmWithinSec, ...ordersFor(one) });
  try {
    if (one.during === 'controller') await hitController(pair, view, one, controller);
    else await hitHost(pair, view, one, controller);
    await controller.ended(ENDS_WITHIN_MS);
    return controller;
  } finally {
    controller.signal('SIGKILL');
  }
}

function ordersFor(one: Case): Orders {
  const { during, step, fault, host } = one;
  if (during === 'controller') return fault === 'lost' ? { loseAt: `${host} ${step}` } : { pauseAt: `${host} ${step}` };
  // Applied, and not confirmed: the guard or the boot guard will come.
  return isLate(one) ? { pauseAt: `${host} connecting 2` } : {};
}

/** Reverted by the host itself, once the controller is dead. */
function isLate({ by }: Pick<Case, 'by'>): boolean {
  return by === 'guard' || by === 'boot';
}

function kindOf({ fault }: Case): 'kill' | 'fail' | 'pause' {
  return fault === 'kill-host' ? 'kill' : fault === 'fail' ? 'fail' : 'pause';
}

async function hitController(pair: FaultPair, view: HostView, one: Case, controller: Controller): Promise<void> {
  if (one.fault === 'lost') return;
  await reached(controller, () => controller.pausedAt !== undefined, 'the controller never came to this step');
  await inflict(pair, view, one, controller);
  if (one.fault !== 'kill-controller') controller.goOn();
  await aftermath(pair, view, one, controller);
}

async function hitHost(pair: FaultPair, view: HostView, one: Case, controller: Controller): Promise<void> {
  const kind = kindOf(one);
  if (isLate(one)) {
    await reached(controller, () => controller.pausedAt !== undefined, 'the controller never came to its confirm');
    controller.signal('SIGKILL');
    view.setFault(one.step, kind);
  }
  if (one.by === 'boot') {
    await pair.crash(view);
    // It cannot answer while its boot guard stands still.
    labBoot(pair.labName, view.name).catch(() => undefined);
  }
  await until(
    () => (kind === 'pause' ? view.isPaused : view.isHit),
    ENDS_WITHIN_MS,
    'the helper never came to this step',
    controller,
  );
  if (kind !== 'pause') return;
  await inflict(pair, view, one, controller);
  if (one.fault !== 'crash') view.resume();
  await aftermath(pair, view, one, controller);
}

const KILL_APPLY = "systemctl kill --signal=KILL --kill-whom=all 'coreos-infra-apply-*.service'";
/** None is there yet when the controller is about to connect. */
const KILL_SESSIONS = 'pkill -KILL -x sshd-session || [[ $? == 1 ]]';

async function inflict(pair: FaultPair, view: HostView, { fault, step }: Case, controller: Controller): Promise<void> {
  switch (fault) {
    case 'kill-controller':
      controller.signal('SIGKILL');
      return;
    case 'kill-host':
      await view.shell(step.startsWith('saying go') ? KILL_APPLY : KILL_SESSIONS);
      return;
    case 'cut':
      await pair.cut(view);
      return;
    case 'crash':
      await pair.crash(view);
      return;
    case 'full':
      await pair.fill(view);
      return;
    case 'stop-controller':
      controller.signal('SIGSTOP');
      return;
    case 'fail':
    case 'lost':
      return;
  }
}

/** What is over by itself, in time. */
async function aftermath(pair: FaultPair, view: HostView, { fault }: Case, controller: Controller): Promise<void> {
  switch (fault) {
    case 'cut':
      // Longer than the link and the guard live.
      await sleep(LINK_DIES_MS);
      await until(
        () => view.slot === undefined,
        ENDS_WITHIN_MS,
        'the host that is cut off does not end the change set',
      );
      await pair.heal(view);
      return;
    case 'crash':
      await pair.boot(view);
      return;
    case 'full':
      await controller.until(() => false, FULL_MS);
      await pair.free(view);
      return;
    case 'stop-controller':
      // The guard is earlier.
      await sleep(LEASE_MS + 1_000);
      await pair.settled(ENDS_WITHIN_MS);
      await pair.deploy(pair.next('reload'), { waitLockSec: 30 });
      controller.signal('SIGCONT');
      return;
    case 'kill-controller':
    case 'kill-host':
    case 'fail':
    case 'lost':
      return;
  }
}

async function reached(controller: Controller, isSo: () => boolean, otherwise: string): Promise<void> {
  if (!(await controller.until(isSo, ENDS_WITHIN_MS))) throw new Error(`${otherwise}: ${controller.describe()}`);
}

async function until(isSo: () => boolean, withinMs: number, otherwise: string, controller?: Controller): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!isSo()) {
    // What a killed controller began goes on.
    if (controller?.code !== undefined && controller.code >= 0 && !isSo())
      throw new Error(`${otherwise}: ${controller.describe()}`);
    if (performance.now() > deadline) throw new Error(otherwise);
    await sleep(20);
  }
}

/** Each host is wholly old or new; what the controller said of it is so; and where the case can end in one way only, it did. `end`: of the host that was hit. */
export async function judge(
  pair: FaultPair,
  one: Pick<Case, 'fault' | 'change' | 'host' | 'expect'>,
  controller: Controller,
  before: Content,
  wanted: Content,
): Promise<{ readonly end: string; readonly wrong: readonly string[] }> {
  const problems: string[] = [];
  const ends = new Map<string, string>();
  for (const view of pair.hosts) {
    const end = await wholeness(view, before, wanted);
    ends.set(view.name, end);
    problems.push(...pair.serialProblems(view));
    if (end !== 'old' && end !== 'new') problems.push(`${view.name} is ${end}`);
    // What it says was so when it said it; the other run came later.
    if (one.fault === 'stop-controller') continue;
    if (end === 'old' && one.change === 'restart' && hasRun(view, wanted))
      problems.push(`the command was not undone on ${view.name}`);
    const said = saidOf(controller, view.name);
    const claimed = CLAIMS[said];
    if (claimed !== undefined && claimed !== end)
      problems.push(`the controller said that ${view.name} is ${said}: ${controller.describe()}`);
    if (view.name === one.host && one.expect !== 'either' && one.expect !== end)
      problems.push(`${view.name} should be ${one.expect}`);
  }
  if (one.fault === 'stop-controller' && new Set(ends.values()).size > 1)
    problems.push('the two runs were interleaved: the hosts differ');
  return { end: ends.get(one.host) ?? '?', wrong: problems };
}

/** What a status promises of the host's state. */
const CLAIMS: Readonly<Record<string, 'old' | 'new'>> = {
  ok: 'new',
  changed: 'new',
  reverted: 'old',
  failed: 'old',
  refused: 'old',
  locked: 'old',
  unreachable: 'old',
  skipped: 'old',
};

export function saidOf(controller: Controller, host: string): string {
  if (controller.code === -1) return 'killed';
  return controller.summary?.hosts[host]?.status ?? controller.thrown?.message ?? 'nothing';
}

/** The run after: it succeeds, and then nothing is left of the one before. */
export async function nextRun(pair: FaultPair, content: Content, problems: string[]): Promise<void> {
  const leases = pair.hosts.map(leaseSeconds);
  if (Math.max(...leases) > LEASE_MS / 1_000) problems.push(`leases hold for ${leases.join(' and ')} s more`);
  const next = pair.run(content, { waitLockSec: Math.max(...leases) > 0 ? 30 : 0 });
  const code = await next.ended(ENDS_WITHIN_MS);
  if (code !== 0) problems.push(`the next run did not succeed: ${next.describe()}`);
  else pair.content = content;
  // A run without changes takes no lease: that of a dead one runs out.
  await until(() => pair.hosts.every((view) => leaseSeconds(view) === 0), LEASE_MS + 2_000, 'a lease stays');
  for (const view of pair.hosts) {
    const end = await wholeness(view, content, content);
    problems.push(...pair.serialProblems(view));
    if (end !== 'old') problems.push(`after the next run ${view.name} is ${end}`);
    problems.push(...(await leftovers(view)).map((left) => `left on ${view.name}: ${left}`));
  }
}
