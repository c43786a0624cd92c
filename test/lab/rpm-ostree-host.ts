/** For tests of the lab's rpm-ostree: commands with their exit codes, reboots, and what a host says of its deployments. */
import { execFile } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { requireHost, requireLab } from '../../src/lab/find.ts';
import { waitForHost } from '../../src/lab/hosts.ts';
import { sshArguments } from '../../src/lab/index.ts';
import { publishFolder } from '../../src/lab/paths.ts';
import type { CommandResult, Pair } from './pair.ts';

export interface Shown {
  readonly version: string;
  readonly checksum: string;
  readonly serial: number;
  readonly booted: boolean;
  readonly staged: boolean;
  readonly pinned: boolean;
  readonly unlocked: string;
  readonly 'container-image-reference-digest'?: string;
}

export interface OstreeShown {
  readonly checksum: string;
  readonly staged: boolean;
  readonly 'finalization-locked': boolean;
  readonly refspec: string | null;
  readonly version?: string;
}

/** One host of the pair. */
export class OsHost {
  readonly #pair: () => Pair;
  readonly name: string;

  constructor(pair: () => Pair, name: string) {
    this.#pair = pair;
    this.name = name;
  }

  /** As the user `core`; every exit code is an answer. By ssh itself: these tests send a hundred commands. */
  run(script: string): Promise<CommandResult> {
    const host = requireHost(requireLab(this.#pair().labName), this.name);
    const args = [...sshArguments(host, ['BatchMode=yes', 'LogLevel=ERROR']), script];
    return new Promise((resolve) => {
      execFile('ssh', args, { timeout: 180_000 }, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 255;
        resolve({ code, stdout, stderr });
      });
    });
  }

  /** As root; `$?` in the script is bash's. */
  root(script: string): Promise<CommandResult> {
    return this.run(`sudo bash -c '${script.replaceAll("'", "'\\''")}'`);
  }

  async status(): Promise<{ deployments: Shown[]; transaction: string[] | null; 'update-driver': unknown }> {
    return JSON.parse((await this.run('rpm-ostree status --json')).stdout);
  }

  /** `version staged|booted`, in boot order. */
  async order(): Promise<string[]> {
    const { deployments } = await this.status();
    return deployments.map((d) => `${d.version}${d.booted ? ' booted' : ''}${d.staged ? ' staged' : ''}`);
  }

  /** What `ostree admin status --json` says; index 0 is what boots next. */
  async ostree(): Promise<OstreeShown[]> {
    return JSON.parse((await this.root('ostree admin status --json')).stdout).deployments;
  }

  async bootId(): Promise<string> {
    return (await this.run('cat /proc/sys/kernel/random/boot_id')).stdout.trim();
  }

  /** Does `work`, which makes the host boot again, and waits for that boot. */
  async booted(work: () => Promise<unknown>, withinMs = 90_000): Promise<void> {
    const before = await this.bootId();
    await work();
    const deadline = Date.now() + withinMs;
    for (;;) {
      const { code, stdout } = await this.run('cat /proc/sys/kernel/random/boot_id');
      if (code === 0 && stdout.trim() !== before) break;
      if (Date.now() > deadline) throw new Error(`${this.name} did not boot again within ${withinMs} ms`);
      await sleep(150);
    }
    const { labName } = this.#pair();
    await waitForHost(labName, requireHost(requireLab(labName), this.name), withinMs);
  }

  reboot(): Promise<void> {
    return this.booted(() => this.root('systemctl reboot'));
  }

  /** Until `isSo` says yes of what `read` gives. */
  async until<T>(read: () => Promise<T>, isSo: (value: T) => boolean, withinMs = 120_000): Promise<T> {
    const deadline = Date.now() + withinMs;
    for (;;) {
      const value = await read();
      if (isSo(value)) return value;
      if (Date.now() > deadline) throw new Error(`${this.name}: still ${JSON.stringify(value)} after ${withinMs} ms`);
      await sleep(150);
    }
  }
}

/** Every object that a host fetches comes this late while `work` runs. */
export async function withSlowServer<T>(labName: string, delayMs: number, work: () => Promise<T>): Promise<T> {
  const file = join(publishFolder(labName), 'faults.json');
  writeFileSync(file, JSON.stringify({ delayMs }));
  try {
    return await work();
  } finally {
    rmSync(file);
  }
}
