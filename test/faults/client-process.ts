/** Starts clients as processes. */
import { spawn } from 'node:child_process';
import type { LoopFigure, LoopService, QueryTarget } from '../../src/probes/query-loop.ts';
import { programFile } from './programs.ts';

export interface ClientFigures {
  /** Of DNS. A query counts as answered when either member answered it. */
  readonly group: LoopFigure;
  readonly members: Readonly<Record<string, LoopFigure>>;
  /** Of the group, of the other services that there were targets of. */
  readonly others: Readonly<Partial<Record<LoopService, LoopFigure>>>;
}

export class Client {
  readonly #figures: Promise<ClientFigures>;
  readonly #end: () => void;

  private constructor(file: string, targets: readonly QueryTarget[], rate: number) {
    const child = spawn(process.execPath, [file, JSON.stringify(targets), String(rate)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#end = () => child.stdin.end();
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    this.#figures = new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => {
        if (code === 0) resolve(JSON.parse(text) as ClientFigures);
        else reject(new Error(`the client ended with ${code}`));
      });
    });
    this.#figures.catch(() => undefined);
  }

  /** `rate`: DNS queries a second to each. */
  static async start(targets: readonly QueryTarget[], rate = 200): Promise<Client> {
    return new Client(await programFile('client'), targets, rate);
  }

  /** The figures so far; repeated, the same again. */
  stop(): Promise<ClientFigures> {
    this.#end();
    return this.#figures;
  }
}
