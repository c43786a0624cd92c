/** Keeps one run in the project's history. Whatever is wrong with the history is said once, and never fails the run. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import packageJson from '../../package.json' with { type: 'json' };
import { InfraError } from '../errors.ts';
import { warningLines } from '../report/run-text.ts';
import { styleFor } from '../report/terminal-style.ts';
import type { RunHead } from '../store/collect.ts';
import type { NoteRecord, RunRecord } from '../store/record.ts';
import { currentCommit } from './commit.ts';
import { inventoryPath, labNameOption, type Project } from './context.ts';
import { type InventoryFlags, isLab } from './target-inventory.ts';

type Store = Awaited<ReturnType<typeof import('../store/index.ts').openStore>>;

export interface KeeperInput {
  /** Of the run, as screens print it. */
  readonly id: string;
  /** The playbook or command. */
  readonly command: string;
  readonly flags: InventoryFlags & { readonly check?: true };
  readonly project: Project;
}

/** How long the end of a run waits to hear whether the checkout has uncommitted changes, ms. */
const DIRTY_WITHIN_MS = 150;

export class HistoryKeeper {
  private readonly input: KeeperInput;
  private readonly startedAt = new Date().toISOString();
  private readonly commit: string | undefined;
  private opening: Promise<Store | undefined> | undefined;
  private store: Store | undefined;
  private dirty: boolean | null = null;
  private hasAskedGit = false;
  private dirtyKnown: Promise<void> = Promise.resolve();
  private lab: string | null = null;
  private seq: number | undefined;
  private hasWarned = false;
  private isKept = false;

  constructor(input: KeeperInput) {
    this.input = input;
    this.commit = currentCommit(input.project.dir);
  }

  /** Opens the history beside what the run does: hosts take longer to answer. */
  prepare(): void {
    if (this.opening !== undefined) return;
    if (process.env['COREOS_INFRA_NO_HISTORY'] === '1') {
      this.opening = Promise.resolve(undefined); // somebody only tries whether it would work
      return;
    }
    this.opening = this.open();
  }

  /** Something is going to be changed: from a checkout with uncommitted changes? Starting git takes too long for runs without changes. */
  askWhetherDirty(): void {
    if (this.commit === undefined || this.hasAskedGit) return;
    this.hasAskedGit = true;
    this.dirtyKnown = this.askGit();
  }

  /** What is known of the run by itself; the events say the rest. */
  head(): RunHead {
    const { id, command, flags, project } = this.input;
    return {
      id,
      command,
      args: process.argv.slice(2),
      startedAt: this.startedAt,
      owner: `${userInfo().username}@${hostname()}`,
      schedule: process.env['COREOS_INFRA_SCHEDULE'] || null,
      commit: { ref: this.commit ?? null, dirty: this.dirty },
      version: packageJson.version,
      inventory: inventoryPath(project, flags.inventory),
      lab: this.lab,
      check: flags.check === true,
      process: { pid: process.pid, boot: bootId() },
    };
  }

  /** Waits for what prepare() began. */
  async ready(): Promise<void> {
    this.prepare();
    await this.opening;
    await Promise.race([this.dirtyKnown, new Promise((resolve) => setTimeout(resolve, DIRTY_WITHIN_MS).unref())]);
  }

  /** At once, and again when more is known. Does nothing where the history could not be opened (yet). */
  write(record: RunRecord): void {
    if (this.store === undefined) return;
    try {
      this.seq = this.store.record(record, this.seq);
      this.isKept = true;
    } catch (error) {
      this.warn(error);
    }
  }

  note(note: NoteRecord): void {
    if (this.store === undefined || this.seq === undefined) return;
    try {
      this.store.note(this.seq, note);
    } catch (error) {
      this.warn(error);
    }
  }

  /** The words that show this run again; undefined when it is not in the history. */
  showCommand(): string | undefined {
    return this.isKept ? `history show ${this.input.id}` : undefined;
  }

  close(): void {
    this.store?.close();
    this.store = undefined;
  }

  private async open(): Promise<Store | undefined> {
    const { flags, project } = this.input;
    try {
      if (isLab(flags)) {
        const { defaultLabName } = await import('../lab/paths.ts');
        this.lab = labNameOption(flags.labName) ?? defaultLabName(project.dir);
      }
      const { openStore } = await import('../store/index.ts');
      this.store = await openStore(project.dir, { busyMs: 2_000 });
      return this.store;
    } catch (error) {
      this.warn(error);
      return undefined;
    }
  }

  /** Untracked files count: a role that nobody committed was run as well. */
  private askGit(): Promise<void> {
    return new Promise((resolve) => {
      const args = ['--no-optional-locks', '-C', this.input.project.dir, 'status', '--porcelain'];
      const child = execFile('git', args, { timeout: 10_000, maxBuffer: 1 << 24 }, (error, stdout) => {
        this.dirty = error === null ? stdout !== '' : null;
        resolve();
      });
      child.unref();
    });
  }

  /** On stderr, so that it is never among the lines of --json. */
  private warn(error: unknown): void {
    this.isKept = false;
    if (this.hasWarned) return;
    this.hasWarned = true;
    const isOurs = error instanceof InfraError;
    const where = isOurs && error.where !== undefined ? ` (${error.where.file})` : '';
    const message = `this run is not in the history: ${error instanceof Error ? error.message : String(error)}${where}`;
    const lines = warningLines(
      isOurs ? { message, remedy: error.remedy } : { message },
      styleFor(process.stderr, process.env),
    );
    process.stderr.write(`${lines.join('\n')}\n`);
  }
}

/** Empty where there is no /proc: then a number of a process is all that is known. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}
