/** Starts controllers, as processes that can die or in this one, and knows how far each is. */
import { type ChildProcess, spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import type { EngineEvent, ErrorReport, Summary } from '../../src/engine/events.ts';
import { runOrder } from './controller-run.ts';
import { programFile } from './programs.ts';

/** One run of the fault playbook. */
export interface ControllerOrder {
  readonly lab: string;
  readonly inventoryDir: string;
  readonly run: string;
  readonly confirmWithinSec: number;
  readonly waitLockSec: number;
  readonly limit?: string;
  /** Nothing is done to it: it has the deadlines that users have, and a machine under load does not end it. */
  readonly isInPeace: boolean;
  /** Stands still before this step until `goOn`. */
  readonly pauseAt?: string;
  /** The host does this step, and the answer is lost. */
  readonly loseAt?: string;
}

export type ControllerEvent =
  | EngineEvent
  | { readonly event: 'controller-step'; readonly step: string; readonly atMs: number }
  | { readonly event: 'paused'; readonly step: string }
  | { readonly event: 'thrown'; readonly error: ErrorReport };

export class Controller {
  readonly events: ControllerEvent[] = [];
  readonly #child: ChildProcess | undefined;
  readonly #waiting = new Set<() => void>();
  #code: number | undefined;
  #stderr = '';

  private constructor(child?: ChildProcess) {
    this.#child = child;
    let rest = '';
    child?.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      this.events.push(...lines.map((line) => JSON.parse(line) as ControllerEvent));
      this.#wake();
    });
    child?.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      this.#stderr += chunk;
    });
    // A killed one no longer reads.
    child?.stdin?.on('error', () => undefined);
    child?.on('close', (code) => this.#end(code ?? -1));
  }

  static async start(order: ControllerOrder): Promise<Controller> {
    const file = await programFile('controller');
    return new Controller(spawn(process.execPath, [file, JSON.stringify(order)], { cwd: tmpdir(), stdio: 'pipe' }));
  }

  /** In this process, which has everything loaded: for runs that nothing happens to. A start costs more than such a run. */
  static here(order: ControllerOrder): Controller {
    const controller = new Controller();
    const say = (event: ControllerEvent): void => void controller.events.push(event);
    runOrder(order, { say, held: () => Promise.reject(new Error('a run in this process is not held')) }).then(
      (code) => controller.#end(code),
      (error: unknown) => {
        controller.#stderr = String(error);
        controller.#end(70);
      },
    );
    return controller;
  }

  /** undefined while it runs; -1 when a signal ended it. */
  get code(): number | undefined {
    return this.#code;
  }

  get summary(): Summary | undefined {
    return this.events.find((event) => event.event === 'summary');
  }

  get thrown(): ErrorReport | undefined {
    return this.events.find((event) => event.event === 'thrown')?.error;
  }

  get pausedAt(): string | undefined {
    return this.events.find((event) => event.event === 'paused')?.step;
  }

  get steps(): readonly string[] {
    return this.events.flatMap((event) => (event.event === 'controller-step' ? [event.step] : []));
  }

  goOn(): void {
    this.#child?.stdin?.write('go on\n');
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name);
  }

  /** Until `isSo`, or it has ended, or the time is over; whether it was so. */
  async until(isSo: () => boolean, withinMs: number): Promise<boolean> {
    const deadline = performance.now() + withinMs;
    while (!isSo() && this.#code === undefined) {
      const left = deadline - performance.now();
      if (left <= 0) return false;
      await new Promise<void>((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          this.#waiting.delete(done);
          resolve();
        };
        const timer = setTimeout(done, left);
        this.#waiting.add(done);
      });
    }
    return isSo();
  }

  /** Its exit code; throws, and kills it, when it does not end in time. */
  async ended(withinMs: number): Promise<number> {
    await this.until(() => false, withinMs);
    if (this.#code === undefined) {
      this.signal('SIGKILL');
      throw new Error(
        `the controller does not end within ${withinMs} ms; its last event: ${JSON.stringify(this.events.at(-1))}`,
      );
    }
    return this.#code;
  }

  /** How it ended, for messages. */
  describe(): string {
    const hosts = Object.entries(this.summary?.hosts ?? {}).map(
      ([name, { status, error }]) =>
        `${name} ${status}${error === null ? '' : ` (${error.message}${error.detail.length > 0 ? `: ${error.detail.join(' | ')}` : ''})`}`,
    );
    return [`exit ${this.#code}`, ...hosts, this.thrown?.message ?? '', this.#stderr.trim()]
      .filter((text) => text !== '')
      .join('; ');
  }

  #end(code: number): void {
    this.#code = code;
    this.#wake();
  }

  #wake(): void {
    for (const done of [...this.#waiting]) done();
  }
}
