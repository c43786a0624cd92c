/** The history and the reports of exec, copy and fetch: what is known of each host so far, and how all of it ended, however it did. */
import { errorReport } from '../engine/error-report.ts';
import { EXIT, type ExitCode } from '../errors.ts';
import type { FleetCommand, FleetEvent, HostOutcome } from '../exec/events.ts';
import { KeptOutput } from '../exec/kept-output.ts';
import { maskKnown } from '../secrets/known.ts';
import { AbortedError } from '../ssh/errors.ts';
import { type FleetEnd, fleetRecord, fleetRecordSoFar } from '../store/fleet-record.ts';
import type { RunRecord } from '../store/record.ts';
import { redactor, redactRecord } from '../store/redact.ts';
import type { Project } from './context.ts';
import type { FleetFlags } from './fleet-options.ts';
import { HistoryKeeper } from './history-keeper.ts';

export interface FleetLogInput {
  readonly id: string;
  readonly command: FleetCommand;
  readonly flags: FleetFlags;
  readonly project: Project;
}

/** What takes longer is in the history while it runs; a run of a moment is written once. */
const WRITTEN_EARLY_MS = 1_000;

type Reports = (record: RunRecord) => void;

export class FleetLog {
  readonly #keeper: HistoryKeeper;
  readonly #writeReports: Reports;
  readonly #startedMs = performance.now();
  readonly #startedOn = new Set<string>();
  readonly #outcomes = new Map<string, HostOutcome>();
  #hosts: readonly string[] = [];
  #early: NodeJS.Timeout | undefined;

  private constructor(keeper: HistoryKeeper, writeReports: Reports) {
    this.#keeper = keeper;
    this.#writeReports = writeReports;
  }

  /** Throws UsageError for a --report that cannot be written; nothing was touched. */
  static async open(input: FleetLogInput): Promise<FleetLog> {
    const values = input.flags.report;
    const keeper = new HistoryKeeper(input);
    if (values === undefined) return new FleetLog(keeper, () => {});
    const { parseReports, writeReports } = await import('./report-files.ts');
    const files = parseReports(values);
    return new FleetLog(keeper, (record) => writeReports(files, record));
  }

  readonly onEvent = (event: FleetEvent): void => {
    switch (event.event) {
      case 'exec-started':
        this.#hosts = event.hosts;
        this.#keeper.prepare();
        this.#early = setTimeout(() => void this.#writeEarly(), WRITTEN_EARLY_MS).unref();
        return;
      case 'host-started':
        this.#startedOn.add(event.host);
        return;
      case 'host-done':
        this.#outcomes.set(event.outcome.host, event.outcome);
        return;
      default: // what a command prints is not kept
    }
  };

  async ended(outcomes: readonly HostOutcome[], exit: ExitCode): Promise<void> {
    clearTimeout(this.#early);
    this.#early = undefined;
    await this.#keeper.ready();
    this.#write({ outcomes, exit });
  }

  /** It did not come to its hosts: only reports have something to say about that. */
  refused(error: unknown, exit: ExitCode): void {
    this.#writeReports(this.#record({ outcomes: [], exit, error: errorReport(error) }));
  }

  /** The process ends at once: what can be written without waiting is. Returns an outcome for every host. */
  abort(): readonly HostOutcome[] {
    const outcomes = this.#hosts.map((host) => this.#outcomes.get(host) ?? this.#abandoned(host));
    this.#write({ outcomes, exit: EXIT.interrupted });
    return outcomes;
  }

  get tookMs(): number {
    return Math.round(performance.now() - this.#startedMs);
  }

  close(): void {
    clearTimeout(this.#early);
    this.#early = undefined;
    this.#keeper.close();
  }

  async #writeEarly(): Promise<void> {
    await this.#keeper.ready();
    if (this.#early === undefined) return; // it has ended meanwhile
    const soFar = { hosts: this.#hosts, outcomes: [...this.#outcomes.values()] };
    this.#keeper.write(redacted(fleetRecordSoFar(this.#keeper.head(), soFar)));
  }

  #write(end: Pick<FleetEnd, 'outcomes' | 'exit'>): void {
    const record = this.#record(end);
    this.#keeper.write(record);
    this.#writeReports(record);
  }

  #record(end: Omit<FleetEnd, 'endedAt' | 'durationMs'>): RunRecord {
    const times = { endedAt: new Date().toISOString(), durationMs: this.tookMs };
    return redacted(fleetRecord(this.#keeper.head(), { ...end, ...times }));
  }

  #abandoned(host: string): HostOutcome {
    const mayRun = this.#startedOn.has(host);
    const message = mayRun
      ? 'given up at once: what was begun may still run on the host until its deadline'
      : 'given up before it was seen to begin';
    const remedy = mayRun ? 'See what runs there before you do it again.' : 'Run it again for this host.';
    const nothing = new KeptOutput().get();
    return {
      ...{ host, status: 'interrupted', code: null, signal: null, stdout: nothing, stderr: nothing },
      error: errorReport(new AbortedError(message, { host, remedy })),
      tookMs: this.tookMs,
    };
  }
}

function redacted(record: RunRecord): RunRecord {
  return redactRecord(record, redactor(maskKnown));
}
