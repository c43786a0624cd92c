/** A lab host as seen from outside it, through the kernel: it needs neither its network nor its sshd, and costs milliseconds. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { initOf } from '../../src/lab/hosts.ts';
import type { LabHost } from '../../src/lab/state.ts';

const FAULT_FILE = '/var/lib/coreos-infra.fault';

export class HostView {
  readonly name: string;
  readonly host: LabHost;
  #init: { readonly pid: number; readonly start: string } | undefined;

  constructor(host: LabHost) {
    this.name = host.name;
    this.host = host;
  }

  /** PID 1 of the host as seen here; undefined while it is off, or has not come as far as its own root folder. */
  get init(): number | undefined {
    // Found anew only when it is gone: finding reads all of /proc. Numbers of dead processes come again.
    if (this.#init !== undefined && startOf(this.#init.pid) === this.#init.start) return this.#init.pid;
    const pid = initOf(this.host);
    const start = pid === undefined ? undefined : startOf(pid);
    const isThere = pid !== undefined && start !== undefined && hasOwnRoot(pid);
    this.#init = isThere ? { pid, start } : undefined;
    return this.#init?.pid;
  }

  path(path: string): string {
    return `/proc/${this.init ?? 'off'}/root${path}`;
  }

  /** undefined when there is no such file, or the host is off. */
  read(path: string): string | undefined {
    try {
      return readFileSync(this.path(path), 'utf8').trimEnd();
    } catch {
      return undefined;
    }
  }

  exists(path: string): boolean {
    return existsSync(this.path(path));
  }

  list(path: string): readonly string[] {
    try {
      return readdirSync(this.path(path));
    } catch {
      return [];
    }
  }

  modeOf(path: string): number | undefined {
    try {
      return statSync(this.path(path)).mode & 0o7777;
    } catch {
      return undefined;
    }
  }

  /** Runs a script in the host as root; what it printed. Throws when it fails. */
  shell(script: string, withinMs = 20_000): Promise<string> {
    return new Promise((resolve, reject) => {
      const args = ['--target', String(this.init), '--all', '--', '/bin/bash', '-c', script];
      execFile('nsenter', args, { timeout: withinMs, cwd: '/' }, (error, stdout, stderr) => {
        if (error === null) resolve(stdout.trimEnd());
        else reject(new Error(`in ${this.name}: ${script}: ${stderr.trim() || error.message}`));
      });
    });
  }

  /** The helper does `kind` when it comes to `point`, once. */
  setFault(point: string, kind: 'kill' | 'pause' | 'fail'): void {
    this.clearFault();
    writeFileSync(this.path(FAULT_FILE), `${point} ${kind}\n`);
  }

  get isPaused(): boolean {
    return this.exists(`${FAULT_FILE}.pause`);
  }

  /** Whether the helper came to the point. */
  get isHit(): boolean {
    return this.exists(`${FAULT_FILE}.hit`);
  }

  resume(): void {
    rmSync(this.path(`${FAULT_FILE}.pause`), { force: true });
  }

  clearFault(): void {
    for (const name of ['', '.hit', '.pause']) rmSync(this.path(`${FAULT_FILE}${name}`), { force: true });
  }

  /** The word of the open change set's state; undefined: none is open. */
  get slot(): string | undefined {
    return this.exists('/var/lib/coreos-infra/open')
      ? (this.read('/var/lib/coreos-infra/open/state') ?? '?')
      : undefined;
  }
}

/** When a process began, in clock ticks since boot (proc(5), stat); undefined: there is none. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Field 22; the second is the program's name in brackets, and may hold anything.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

/** While it starts, a host's first process still sees this machine's files. */
function hasOwnRoot(pid: number): boolean {
  try {
    const [its, ours] = [statSync(`/proc/${pid}/root/`), statSync('/')];
    return (
      (its.ino !== ours.ino || its.dev !== ours.dev) &&
      existsSync(`/proc/${pid}/root/var/lib`) &&
      existsSync(`/proc/${pid}/root/usr/bin/bash`)
    );
  } catch {
    return false;
  }
}
