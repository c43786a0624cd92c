/**
 * Loads the built program: one file, dist/program.cjs, and what V8 compiled of it when the same command ran before. Hundreds of ES
 * modules cost a third of a short run; V8 keeps compiled code for classic scripts only (vm.Script), on all versions of Node that we run on.
 */
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { getHeapCodeStatistics } from 'node:v8';
import { Script } from 'node:vm';

/** Its entry points by name (build.mjs): what `coreos-infra`, `coreos-infra/probes`, … stand for, and `main`. */
type Program = Readonly<Record<string, () => Readonly<Record<string, unknown>>>>;

/** A long run's code is no good model for a short one's: V8 drops what was not used for some garbage collections. Processor time. */
const WORTH_KEEPING_MS = 5_000;

/** In a process that finds all of its functions compiled it is 1.2 to 1.3, by Node's own modules. */
const GROWTH_WORTH_KEEPING = 1.4;

let program: Program | undefined;

/** The exports of an entry point: the same object for everybody in this process. `command`: whose compiled code to use. */
export function load(entry: string, command?: string): Readonly<Record<string, unknown>> {
  program ??= open(command);
  const evaluate = program[entry];
  if (evaluate === undefined) throw new Error(`coreos-infra: the build has no ${entry}`);
  return evaluate();
}

function open(command: string | undefined): Program {
  const path = fileURLToPath(new URL('program.cjs', import.meta.url));
  const source = readFileSync(path, 'latin1'); // esbuild escapes all that is not ASCII
  // V8 compares no more than the length of the source: its first line is the hash of the rest.
  const id = /^\/\/([0-9a-f]+)/.exec(source)?.[1] ?? 'none';
  const kept = command === undefined ? undefined : keptPath(id, command);
  const cachedData = kept === undefined ? undefined : read(kept);
  const script = new Script(source, { filename: path, ...(cachedData === undefined ? {} : { cachedData }) });
  if (kept !== undefined) keepAtExit(script, kept, cachedData === undefined || script.cachedDataRejected === true);
  const module: { exports: unknown } = { exports: {} };
  const run = script.runInThisContext() as (...values: readonly unknown[]) => void;
  // A script that comes from kept code has no import() of its own.
  const importModule = (specifier: string): Promise<unknown> => import(specifier);
  run(createRequire(import.meta.url), module, module.exports, import.meta.url, import.meta.dirname, importModule);
  return module.exports as Program;
}

/** One for each command: it holds the functions that this command uses. */
function keptPath(id: string, command: string): string {
  const name = /^-{0,2}([a-z][a-z0-9-]{0,40})$/.exec(command)?.[1] ?? 'other';
  return fileURLToPath(new URL(`compiled/${id}-${process.version}-${process.arch}-${name}`, import.meta.url));
}

function read(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

/**
 * With the functions that were compiled on the way; anew when those were many, since the first run may only have listed hosts. Where
 * dist/ cannot be written each run compiles for itself.
 */
function keepAtExit(script: Script, path: string, isNew: boolean): void {
  const bytesAtStart = compiledBytes();
  process.once('exit', (code) => {
    if (code !== 0 || processorMs() > WORTH_KEEPING_MS) return;
    if (!isNew && compiledBytes() < bytesAtStart * GROWTH_WORTH_KEEPING) return;
    const temporary = `${path}.${process.pid}`;
    try {
      mkdirSync(dirname(path), { recursive: true });
      const file = openSync(temporary, 'wx', 0o644);
      try {
        writeSync(file, script.createCachedData());
        fsyncSync(file); // V8 believes what it reads: after a power cut this is whole, or not there
      } finally {
        closeSync(file);
      }
      renameSync(temporary, path);
    } catch {
      rmSync(temporary, { force: true, recursive: true });
    }
  });
}

function compiledBytes(): number {
  return getHeapCodeStatistics().bytecode_and_metadata_size;
}

function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
