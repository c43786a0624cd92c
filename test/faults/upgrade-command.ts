/** `run upgrade` as a process of its own, to be hurt: what it says is read as it comes, and it can be waited for, signalled and killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../../src/assets.ts';
import type { RunEvent, Summary } from '../../src/engine/events.ts';

/** How Node is started: the words in front of the program's file, and what is added to its environment. */
export interface NodeStart {
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface Ended {
  /** null: killed. */
  readonly code: number | null;
  readonly events: readonly RunEvent[];
  readonly stdout: string;
  readonly stderr: string;
  /** Of the run; throws when there is none, with all that it said. */
  readonly summary: Summary;
}

interface Watcher {
  readonly sees: (event: RunEvent) => boolean;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class Command {
  /** Never rejects. */
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  readonly #words: string;
  readonly #events: RunEvent[] = [];
  readonly #watchers = new Set<Watcher>();
  #rest = '';
  #stdout = '';
  #stderr = '';

  constructor(args: readonly string[], env: NodeJS.ProcessEnv, node: NodeStart['words'] = [process.execPath]) {
    this.#words = args.join(' ');
    const [program = '', ...before] = node;
    const child = spawn(program, [...before, join(packageRoot(), 'dist/cli.js'), ...args], {
      cwd: packageRoot(),
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    child.stdout.setEncoding('utf8').on('data', (text: string) => this.#hear(text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    this.ended = new Promise((resolve) => {
      child.on('error', (error) => {
        this.#stderr += error.message;
      });
      child.on('close', (code) => resolve(this.#end(code)));
    });
  }

  /** Resolves at the event, also when that is past; rejects when the command ends without it. */
  seen(sees: (event: RunEvent) => boolean): Promise<void> {
    if (this.#events.some(sees)) return Promise.resolve();
    return new Promise((resolve, reject) => this.#watchers.add({ sees, resolve, reject }));
  }

  /** Of a host in its run: `staging`, `rebooting`, `soaking` … */
  step(step: string, host: string): Promise<void> {
    return this.seen((event) => event.event === 'host-step' && event.host === host && event.step === step);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  #hear(text: string): void {
    this.#stdout += text;
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      // Other commands than runs print other things.
      if (!line.startsWith('{"event"')) continue;
      const event = JSON.parse(line) as RunEvent;
      this.#events.push(event);
      for (const watcher of this.#watchers) {
        if (!watcher.sees(event)) continue;
        this.#watchers.delete(watcher);
        watcher.resolve();
      }
    }
  }

  #end(code: number | null): Ended {
    const said = `run ${this.#words} ended ${code}: ${this.#stdout.slice(-2_000)}${this.#stderr}`;
    for (const { reject } of this.#watchers) reject(new Error(`what was waited for did not come: ${said}`));
    const last = this.#events.at(-1);
    return {
      code,
      events: this.#events,
      stdout: this.#stdout,
      stderr: this.#stderr,
      get summary() {
        if (last?.event !== 'summary') throw new Error(`no summary: ${said}`);
        return last;
      },
    };
  }
}
