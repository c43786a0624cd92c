/** Which cases are tried: everything, or the fixed sample that goes with every `npm test`. */
import { BAD_INPUTS, type BadInput, runBadInput } from './bad-input.ts';
import { allCases, type Case, nameOf } from './cases.ts';
import { runCliKill } from './cli-kill.ts';
import { controllerSteps } from './controller-steps.ts';
import type { FaultPair } from './fault-pair.ts';
import { runRace, runScratchRaces } from './race.ts';
import { runRivals } from './rivals.ts';
import { type Outcome, runCase } from './run-case.ts';

/** One test. */
export interface Trial {
  readonly suite: string;
  readonly name: string;
  run(pair: FaultPair): Promise<Outcome>;
}

/** Rounds of two controllers at once. */
const ROUNDS = 20;
/** Confirms around the guard's deadline, on a host; and with the helper alone, so many at a time. */
const RACES = 20;
const SCRATCH_RACES = { full: [250, 250, 250, 250], sample: [40] };
/** When the command is killed: within a run of some three seconds. ms */
const KILL_AFTER_MS = [700, 1_100, 1_500, 2_000, 2_600];

/** In every `npm test`: each way to die once, at a step where it matters most. */
const SAMPLE: readonly string[] = [
  'kill-controller at swap (apply',
  'kill-host at swap-half (apply',
  'cut at unit (apply',
  'crash at swapped (apply',
  'full at save (apply',
  'fail at local-checks (apply',
  'crash at confirmed (confirm',
  'kill-host at revert-half (revert by guard',
  'stop-controller at confirming 1 (controller',
  'lost at saying go 1 (controller',
];
const SAMPLE_INPUTS = ['a unit that starts and dies after 3 s'];
const SAMPLE_ROUNDS = [0, 1];

export async function trials(isFull: boolean): Promise<readonly Trial[]> {
  const cases = allCases(await controllerSteps());
  const inputs = isFull ? BAD_INPUTS : BAD_INPUTS.filter(({ name }) => SAMPLE_INPUTS.includes(name));
  const rounds = isFull ? Array.from({ length: ROUNDS }, (_, round) => round) : SAMPLE_ROUNDS;
  const kills = isFull ? KILL_AFTER_MS : KILL_AFTER_MS.slice(2, 3);
  return [
    // Those that take longest first: nothing is left to wait for at the end.
    ...kills.map(killTrial),
    ...rounds.map(rivalTrial),
    ...inputs.map(inputTrial),
    ...(isFull ? SCRATCH_RACES.full : SCRATCH_RACES.sample).map(scratchTrial),
    ...(isFull ? Array.from({ length: RACES }, (_, round) => round) : []).map(raceTrial),
    ...(isFull ? cases : sampleOf(cases)).map(caseTrial),
  ];
}

/** The first case of each kind; a sample that names a step which is no more is an error. */
function sampleOf(cases: readonly Case[]): readonly Case[] {
  return SAMPLE.map((start) => {
    const found = cases.find((one) => nameOf(one).startsWith(start));
    if (found === undefined) throw new Error(`the sample names ${start}…, which is no case of the sweep any more`);
    return found;
  });
}

function caseTrial(one: Case): Trial {
  return {
    suite: `sweep ${one.during}`,
    name: nameOf(one),
    run: (pair) => runCase(pair, one),
  };
}

function inputTrial(bad: BadInput): Trial {
  return { suite: 'bad input', name: bad.name, run: (pair) => runBadInput(pair, bad) };
}

function rivalTrial(round: number): Trial {
  return {
    suite: 'two controllers',
    name: `two controllers at once, round ${round + 1}`,
    run: (pair) => runRivals(pair, round),
  };
}

function raceTrial(round: number): Trial {
  return {
    suite: 'confirm or guard',
    name: `confirm at the guard's deadline, round ${round + 1}`,
    run: (pair) => runRace(pair, round, RACES),
  };
}

function scratchTrial(rounds: number, index: number): Trial {
  return {
    suite: 'confirm or guard',
    name: `${rounds} races on a scratch slot, part ${index + 1}`,
    run: (pair) => runScratchRaces(pair, rounds),
  };
}

function killTrial(afterMs: number): Trial {
  return {
    suite: 'command',
    name: `kill -9 of the command after ${afterMs} ms`,
    run: (pair) => runCliKill(pair, afterMs),
  };
}
