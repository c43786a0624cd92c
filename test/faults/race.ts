/** Confirm and guard at the same instant: one of them wins, and everybody says so (docs/protocol.md). */
import { rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { PrivateRoot } from '../unit/host/private-root.ts';
import { RACE_ENDS, raceScript, SCRATCH_SLOT } from '../unit/host/scratch-slot.ts';
import type { FaultPair } from './fault-pair.ts';
import type { HostView } from './host-view.ts';
import { judge, nextRun, type Outcome, saidOf } from './run-case.ts';

const CONFIRM_WITHIN_SEC = 6;
const ENDS_WITHIN_MS = 120_000;
/** What a confirm takes from this process to the host's lock, less what the guard takes from its deadline to it. */
const CENTRE_MS = -100;
const STEP_MS = 25;

/** A real change set, whose confirm is sent around the guard's deadline: `round` of `rounds` says how early or late. */
export async function runRace(pair: FaultPair, round: number, rounds: number): Promise<Outcome> {
  const [view, old, wanted] = [pair.host('ns1'), pair.content, pair.next('reload')];
  const client = await pair.startClient();
  const problems: string[] = [];
  const orders = { confirmWithinSec: CONFIRM_WITHIN_SEC, pauseAt: 'ns1 confirming 1' };
  const controller = await pair.controller(wanted, orders);
  try {
    if (!(await controller.until(() => controller.pausedAt !== undefined, ENDS_WITHIN_MS)))
      throw new Error(`the controller never came to its confirm: ${controller.describe()}`);
    const aheadMs = CENTRE_MS + STEP_MS * (round - (rounds - 1) / 2);
    await sleep(Math.max(0, 1_000 * secondsLeft(view) + aheadMs));
    controller.goOn();
    await controller.ended(ENDS_WITHIN_MS);
    await pair.settled(ENDS_WITHIN_MS);
    const one = { fault: 'lost', change: 'reload', host: 'ns1', expect: 'either' } as const;
    const { end, wrong } = await judge(pair, one, controller, old, wanted);
    problems.push(...wrong);
    await nextRun(pair, wanted, problems);
    const { group } = await client.stop();
    const lost = group.asked - group.answered;
    if (lost > 0) problems.push(`${lost} of ${group.asked} queries were answered by neither resolver`);
    return {
      end,
      said: `${saidOf(controller, 'ns1')}, sent ${aheadMs} ms after the deadline`,
      lost,
      asked: group.asked,
      problems,
    };
  } finally {
    controller.signal('SIGKILL');
    await client.stop().catch(() => undefined);
  }
}

/** Until the guard's deadline; 0 when it is over. */
function secondsLeft(view: HostView): number {
  const file = view.list('/run/coreos-infra').find((name) => name.startsWith('deadline.'));
  const deadline = Number(file === undefined ? 0 : view.read(`/run/coreos-infra/${file}`));
  const uptime = Number(view.read('/proc/uptime')?.split(' ')[0] ?? 0);
  return Math.max(0, deadline - uptime);
}

const FOLDER = '/var/lib/coreos-infra-race';

/** The helper alone, over and over, on a scratch slot without a service, on the host's own file system. */
export async function runScratchRaces(pair: FaultPair, rounds: number): Promise<Outcome> {
  const view = pair.host('ns1');
  const script = view.path(`${FOLDER}.sh`);
  writeFileSync(script, new PrivateRoot(FOLDER).text(`${SCRATCH_SLOT}\n${raceScript(rounds)}`));
  try {
    const lines = (await view.shell(`bash ${FOLDER}.sh`, 1_000 * rounds)).split('\n');
    const problems = lines.filter((line) => RACE_ENDS[line] === undefined).map((line) => `a race ended as: ${line}`);
    if (lines.length !== rounds) problems.push(`${lines.length} races of ${rounds} came to an end`);
    const wins = (who: 'new' | 'old'): number => lines.filter((line) => RACE_ENDS[line] === who).length;
    const said = `confirm won ${wins('new')}, the guard ${wins('old')}`;
    if (wins('new') === 0 || wins('old') === 0) problems.push(`that was no race: ${said}`);
    return { end: 'one won each time', said, lost: 0, asked: 0, problems };
  } finally {
    rmSync(script, { force: true });
    await view.shell(`rm -rf ${FOLDER}`);
  }
}
