/** What became of every case: one line each, and the sums. */
import { writeFileSync } from 'node:fs';

export interface Row {
  readonly suite: string;
  readonly name: string;
  /** `old`, `new`, `FAILED`, or the words of a suite of its own. */
  readonly outcome: string;
  readonly detail: string;
  readonly tookMs: number;
}

export class Table {
  readonly #rows: Row[] = [];

  /** How many rows there will be. */
  readonly #expected: number;

  constructor(expected: number) {
    this.#expected = expected;
  }

  add(row: Row): void {
    this.#rows.push(row);
    // A sweep takes long: who waits for it sees how far it is.
    const why = row.outcome === 'FAILED' ? `: ${row.detail}` : '';
    process.stderr.write(`${this.#rows.length}/${this.#expected}  ${row.suite}: ${row.name}: ${row.outcome}${why}\n`);
  }

  /** Runs a case; what it threw is thrown on, and is in the table. */
  async during(suite: string, name: string, work: () => Promise<Pick<Row, 'outcome' | 'detail'>>): Promise<void> {
    const startedMs = performance.now();
    const took = (): number => Math.round(performance.now() - startedMs);
    try {
      const { outcome, detail } = await work();
      this.add({ suite, name, outcome, detail, tookMs: took() });
    } catch (error) {
      const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
      this.add({ suite, name, outcome: 'FAILED', detail: line, tookMs: took() });
      throw error;
    }
  }

  text(): string {
    const width = (pick: (row: Row) => string): number => Math.max(0, ...this.#rows.map((row) => pick(row).length));
    const [suite, name, outcome] = [width((row) => row.suite), width((row) => row.name), width((row) => row.outcome)];
    const lines = [...this.#rows]
      .sort((a, b) => (a.suite === b.suite ? 0 : a.suite < b.suite ? -1 : 1))
      .map(
        (row) =>
          `${row.suite.padEnd(suite)}  ${row.name.padEnd(name)}  ${row.outcome.padEnd(outcome)}  ${(row.tookMs / 1000).toFixed(1).padStart(5)} s  ${row.detail}`,
      );
    const count = new Map<string, number>();
    for (const row of this.#rows) count.set(row.outcome, (count.get(row.outcome) ?? 0) + 1);
    return [
      ...lines,
      '',
      `${this.#rows.length} cases: ${[...count].map(([word, times]) => `${times} ${word}`).join(', ')}`,
      '',
    ].join('\n');
  }

  /** To the terminal, and to the file that COREOS_INFRA_FAULT_TABLE names. */
  print(): void {
    process.stdout.write(`\n${this.text()}`);
    const file = process.env['COREOS_INFRA_FAULT_TABLE'];
    if (file !== undefined && file !== '') writeFileSync(file, this.text());
  }
}
