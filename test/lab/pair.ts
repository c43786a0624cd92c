/**
 * Pairs of real hosts for tests: a lab of its own for whoever asks, with its own copy of the repository's inventory.
 *
 *   const pair = usePair();                       // in a describe.skipIf(noLab): up before all tests, down after
 *   const { code, summary } = await pair().run('deploy-dns', '--limit', 'ns1');
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { packageRoot } from '../../src/assets.ts';
import type { RunEvent, Summary } from '../../src/engine/events.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import { imagesOf, type LabState, labDown, labUp } from '../../src/lab/index.ts';
import { PAIR_PREFIX } from './requirements.ts';

export { noLab } from './requirements.ts';

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunResult extends CommandResult {
  readonly events: readonly RunEvent[];
  readonly summary: Summary;
}

export interface Pair {
  readonly labName: string;
  readonly state: LabState;
  /** The copy of the inventory that is this pair's own: tests may write into it. */
  readonly inventoryDir: string;
  /** `run <playbook> … --lab --json`; the events, parsed. */
  run(playbook: string, ...args: readonly string[]): Promise<RunResult>;
  /** The same; the process gets SIGINT at its first event of this name. */
  runInterrupted(event: RunEvent['event'], playbook: string, ...args: readonly string[]): Promise<RunResult>;
  /** Any command of the program, as it is given. */
  command(...args: readonly string[]): Promise<CommandResult>;
  /** A shell command on a host, as root; throws when it fails. */
  onHost(host: string, script: string): Promise<string>;
  /** Replaces text in a file of the inventory copy; throws when the text is not there. */
  edit(file: string, from: string | RegExp, to: string): void;
}

export interface PairOptions {
  /** Hosts of the inventory to boot; default: all of them. */
  readonly hosts?: readonly string[];
  /** Images beside those that the inventory names. */
  readonly images?: readonly string[];
  /** Default: drawn, so that what a killed test left behind is found and removed. */
  readonly labName?: string;
}

/** A pair for all tests of the surrounding describe. */
export function usePair(options: PairOptions = {}): () => Pair {
  let pair: Pair | undefined;
  beforeAll(async () => {
    pair = await pairUp(options);
  });
  afterAll(async () => {
    if (pair !== undefined) await pairDown(pair);
  });
  return () => {
    if (pair === undefined) throw new Error('the pair is up only while tests run');
    return pair;
  };
}

/** A pair for one piece of work; several may be up at once. */
export async function withPair<T>(work: (pair: Pair) => Promise<T>, options: PairOptions = {}): Promise<T> {
  const pair = await pairUp(options);
  try {
    return await work(pair);
  } finally {
    await pairDown(pair);
  }
}

function drawName(): string {
  return `${PAIR_PREFIX}${process.pid}-${randomBytes(2).toString('hex')}`;
}

/** For whoever hands pairs out by himself; `pairDown` is his as well. */
export async function pairUp({ hosts: wanted, images: more = [], labName = drawName() }: PairOptions): Promise<Pair> {
  const inventoryDir = join(mkdtempSync(join(tmpdir(), 'coreos-infra-pair-')), 'inventory');
  cpSync(join(packageRoot(), 'inventory'), inventoryDir, { recursive: true });
  const inventory = loadInventory(inventoryDir);
  const hosts = [...inventory.hosts.values()]
    .filter(({ name }) => wanted?.includes(name) ?? true)
    .map(({ name, address, prefix, vars }) => ({
      name,
      address,
      prefix,
      interface: String(vars['interface'] ?? 'host0'),
    }));
  const log = (line: string): void => void process.stderr.write(`${labName}: ${line}\n`);
  try {
    const state = await labUp(
      { labName, hosts, images: [...new Set([...imagesOf(inventory), ...more])] },
      { installDeps: true, log },
    );
    return new LabPair(state, inventoryDir);
  } catch (error) {
    await labDown(labName).catch(() => undefined);
    throw error;
  }
}

export async function pairDown({ labName, inventoryDir }: Pair): Promise<void> {
  await labDown(labName);
  rmSync(join(inventoryDir, '..'), { recursive: true, force: true });
}

class LabPair implements Pair {
  readonly labName: string;
  readonly state: LabState;
  readonly inventoryDir: string;

  constructor(state: LabState, inventoryDir: string) {
    this.labName = state.name;
    this.state = state;
    this.inventoryDir = inventoryDir;
  }

  async run(playbook: string, ...args: readonly string[]): Promise<RunResult> {
    return parseRun(await execute(this.runArgv(playbook, args)));
  }

  async runInterrupted(event: RunEvent['event'], playbook: string, ...args: readonly string[]): Promise<RunResult> {
    return parseRun(await execute(this.runArgv(playbook, args), `{"event":"${event}"`));
  }

  private runArgv(playbook: string, args: readonly string[]): readonly string[] {
    return [playbook, '-i', this.inventoryDir, '--lab', '--lab-name', this.labName, '--json', ...args];
  }

  command(...args: readonly string[]): Promise<CommandResult> {
    return execute(args);
  }

  async onHost(host: string, script: string): Promise<string> {
    // One word: the lab's ssh hands words on as ssh does.
    const { code, stdout, stderr } = await this.command(
      'lab',
      'ssh',
      '--lab-name',
      this.labName,
      host,
      '--',
      `sudo bash -c '${script.replaceAll("'", "'\\''")}'`,
    );
    if (code !== 0) throw new Error(`on ${host}: ${script}\nexit ${code}\n${stdout}${stderr}`);
    return stdout.trimEnd();
  }

  edit(file: string, from: string | RegExp, to: string): void {
    const path = join(this.inventoryDir, file);
    const before = readFileSync(path, 'utf8');
    const after = before.replace(from, to);
    if (after === before) throw new Error(`${file} has no ${from}`);
    writeFileSync(path, after);
  }
}

function parseRun(result: CommandResult): RunResult {
  const events = result.stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as RunEvent);
  const summary = events.at(-1);
  if (summary?.event !== 'summary')
    throw new Error(`the run ended ${result.code} without a summary:\n${result.stderr}`);
  return { ...result, events, summary };
}

/** Our own command. `interruptAt`: SIGINT once, as soon as stdout holds this text. */
function execute(args: readonly string[], interruptAt?: string): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(packageRoot(), 'dist/cli.js'), ...args], {
      cwd: packageRoot(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output = { stdout: '', stderr: '' };
    let isInterrupted = false;
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8');
      child[name].on('data', (text: string) => {
        output[name] += text;
        if (interruptAt === undefined || isInterrupted || !output.stdout.includes(interruptAt)) return;
        isInterrupted = true;
        child.kill('SIGINT');
      });
    }
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? -1, ...output }));
  });
}
