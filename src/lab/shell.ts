/** Runs the lab's local programs and scripts (zx), and words their failures. */
import { assetPath } from '../assets.ts';
import { LabCommandError } from './errors.ts';

export interface RunOptions {
  /** What is being done, for the error: `building the root tree`. */
  readonly what: string;
  readonly remedy?: string;
  readonly timeoutMs?: number;
  readonly host?: string;
}

/** Runs a program without a shell between; its stdout. Any exit code but 0 is an error that carries the program's last words. */
export async function run(command: readonly string[], options: RunOptions): Promise<string> {
  const { $ } = await import('zx');
  const quiet = $({
    quiet: true,
    nothrow: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
  });
  const result = await quiet`${[...command]}`;
  if (result.exitCode === 0) return result.stdout;
  const words = `${result.stderr}\n${result.exitCode === null ? result.stdout : ''}`.trim().split('\n').slice(-15);
  const end =
    result.exitCode === null ? `was ended by ${result.signal ?? 'a signal'}` : `ended with ${result.exitCode}`;
  throw new LabCommandError(`${options.what} failed: ${command[0]} ${end}`, {
    remedy: options.remedy ?? 'Look at the words above; `run lab down` and `run lab up` start from what is cached.',
    detail: words,
    ...(options.host === undefined ? {} : { host: options.host }),
  });
}

/** One of the lab's own scripts (or any, by its full path), through bash: a checkout may lose modes. */
export function runScript(script: string, args: readonly string[], options: RunOptions): Promise<string> {
  return run(['bash', script.startsWith('/') ? script : scriptPath(script), ...args], options);
}

export const scriptPath = (script: string): string => assetPath(`src/lab/scripts/${script}`);

/** At most `limit` at a time; all end, then the first failure is thrown. */
export async function forEachLimited<T>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  const failures: unknown[] = [];
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
      try {
        await work(item);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  if (failures.length > 0) throw failures[0];
}
