/** Pairs for whoever needs one: brought up side by side, handed out one case at a time, replaced when a case leaves one that cannot go on. */
import { existsSync } from 'node:fs';
import { cpus, freemem } from 'node:os';
import { labDown } from '../../src/lab/index.ts';
import { listLabStates } from '../../src/lab/state.ts';

/** Names begin so, and go on with the process that made the lab: what a killed test left behind is found by them. */
const PREFIX = 'faults-';
/** Waiting costs no CPU, deploying does: more than this only makes every deadline tight. */
const PAIRS_PER_CORE = 3;
const BYTES_PER_PAIR = 300 * 2 ** 20;

/** How many pairs this machine carries, and no more than `most`; COREOS_INFRA_FAULT_PAIRS says otherwise. */
export function pairCount(most = 8): number {
  const asked = Number(process.env['COREOS_INFRA_FAULT_PAIRS']);
  if (asked >= 1) return asked;
  return Math.max(
    1,
    Math.min(most, Math.floor(cpus().length * PAIRS_PER_CORE), Math.floor(freemem() / BYTES_PER_PAIR)),
  );
}

/** Labs of test processes that are gone. */
export async function removeLeftovers(): Promise<void> {
  for (const { name } of listLabStates()) {
    const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) await labDown(name);
  }
}

export interface PooledPair {
  /** After a failed case: as it was when it came up. Throws when it cannot be brought there. */
  recover(): Promise<void>;
  down(): Promise<void>;
}

export class Pool<P extends PooledPair> {
  readonly #bringUp: (labName: string) => Promise<P>;
  readonly #idle: P[] = [];
  readonly #all = new Set<P>();
  readonly #waiting: ((pair: P) => void)[] = [];
  readonly #starting = new Set<Promise<void>>();
  #made = 0;

  private constructor(bringUp: (labName: string) => Promise<P>) {
    this.#bringUp = bringUp;
  }

  /** The first is up when it resolves; the others come while cases run, `atOnce` side by side. */
  static async up<P extends PooledPair>(
    count: number,
    bringUp: (labName: string) => Promise<P>,
    atOnce = 1,
  ): Promise<Pool<P>> {
    await removeLeftovers();
    const pool = new Pool(bringUp);
    const lines = Array.from({ length: Math.min(atOnce, count) }, () => pool.#add());
    pool.#addOthers(count - lines.length, lines);
    await Promise.any(lines);
    return pool;
  }

  /** One after the other in each line. */
  #addOthers(count: number, lines: readonly Promise<void>[]): void {
    const ends = [...lines];
    for (let index = 0; index < count; index++) {
      const line = index % ends.length;
      ends[line] = (ends[line] ?? Promise.resolve()).then(() => this.#add());
    }
    for (const end of ends)
      this.#starting.add(
        end.catch((error: unknown) => void process.stderr.write(`a pair did not come up: ${String(error)}\n`)),
      );
  }

  async #add(): Promise<void> {
    this.#made += 1;
    const pair = await this.#bringUp(`${PREFIX}${process.pid}-${this.#made}`);
    this.#all.add(pair);
    this.#give(pair);
  }

  #give(pair: P): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(pair);
    else next(pair);
  }

  #take(): Promise<P> {
    const pair = this.#idle.shift();
    return pair === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve(pair);
  }

  /** Lends a pair for `work`; afterwards it is as it was lent, or another takes its place. */
  async with<T>(work: (pair: P) => Promise<T>): Promise<T> {
    const pair = await this.#take();
    try {
      const result = await work(pair);
      this.#give(pair);
      return result;
    } catch (error) {
      // Whoever waits need not wait for the repair of this one.
      this.#starting.add(this.#repair(pair));
      throw error;
    }
  }

  async #repair(pair: P): Promise<void> {
    try {
      await pair.recover();
      this.#give(pair);
    } catch {
      this.#all.delete(pair);
      await pair.down();
      await this.#add();
    }
  }

  async down(): Promise<void> {
    await Promise.allSettled(this.#starting);
    await Promise.all([...this.#all].map((pair) => pair.down()));
  }
}
