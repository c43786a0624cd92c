/**
 * The order of renames and fsyncs, seen from outside by strace: a lab's power cut keeps the page cache, so nothing else would show
 * that the helper relies on something before it is on the disk (docs/protocol.md, R2–R4, R6).
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { revertCall } from '../../src/host/verbs.ts';
import { downHosts, endOf, isPossible, type TestHost, upHosts } from './host-fixture.ts';

const hasStrace = ((): boolean => {
  try {
    execFileSync('strace', ['-V'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();
if (!hasStrace) process.stderr.write('test/lab/host-durability.test.ts is skipped: strace is not installed\n');

const CALLS = 'rename,renameat,renameat2,unlink,unlinkat,link,linkat,fsync,fdatasync,syncfs,write';
const SLOT = '/var/lib/coreos-infra/open';

/** Successful calls in the order in which they ended: name and arguments, process ids and results left out. */
function readTrace(file: string): readonly string[] {
  const unfinished = new Map<string, string>();
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, pid = '', rest = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
      if (rest.endsWith('<unfinished ...>')) unfinished.set(pid, rest.replace(/\s*<unfinished \.\.\.>$/, ''));
      const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest);
      const call = resumed ? `${unfinished.get(pid) ?? ''}${resumed[1] ?? ''}` : rest;
      return /^\w+\(.*\)\s+= \d+$/.test(call) ? [call] : [];
    });
}

class Trace {
  readonly calls: readonly string[];
  constructor(calls: readonly string[]) {
    this.calls = calls;
  }

  /** Index of the first (or last) call that has all of these words. */
  first(...words: readonly string[]): number {
    return this.#require(
      this.calls.findIndex((call) => words.every((word) => call.includes(word))),
      words,
    );
  }
  last(...words: readonly string[]): number {
    return this.#require(
      this.calls.findLastIndex((call) => words.every((word) => call.includes(word))),
      words,
    );
  }
  /** fsync of exactly this path (or what it became), first after `from`. */
  synced(path: string, from = 0): number {
    const found = this.calls.findIndex(
      (call, index) => index >= from && /^f(data)?sync\(/.test(call) && call.includes(`<${path}>`),
    );
    return this.#require(found, ['fsync', path]);
  }
  #require(index: number, words: readonly string[]): number {
    if (index < 0) throw new Error(`not in the trace: ${words.join(' ')}\n${this.calls.join('\n')}`);
    return index;
  }
}

describe.skipIf(!isPossible || !hasStrace)('what must be durable is, before anything relies on it', () => {
  let hosts: readonly TestHost[] = [];
  let host: TestHost;
  const folder = mkdtempSync(join(tmpdir(), 'trace-'));

  beforeAll(async () => {
    hosts = await upHosts();
    [host] = hosts as [TestHost];
    await host.settle('v1');
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });

    await downHosts(hosts);
  });

  /** Runs `work`, which pauses at `point`, and traces the process whose command line has `words` from there on. */
  async function traced(point: string, words: string, work: () => Promise<unknown>): Promise<Trace> {
    await host.setFault(point, 'pause');
    const running = work();
    if (!(await host.paused())) throw new Error(`nothing paused at ${point}`);
    const pid = execFileSync('pgrep', ['-of', `^(/bin/)?bash [^ ]*helper ${words}`], { encoding: 'utf8' }).trim();
    const file = join(folder, point);
    const strace: ChildProcess = spawn(
      'strace',
      ['-f', '-y', '-s', '200', '-e', `trace=${CALLS}`, '-o', file, '-p', pid],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    await new Promise((resolve) => strace.stderr?.once('data', resolve));
    await sleep(100);
    await host.resume();
    await running;
    await new Promise((resolve) => (strace.exitCode === null ? strace.once('exit', resolve) : resolve(undefined)));
    return new Trace(readTrace(file));
  }

  it('in an apply: saved before armed, armed before swapped, swapped before applied', async () => {
    const changeSet = await host.demo('v2', { action: 'reload' });
    const trace = await traced('stage', `apply [0-9]+ [0-9a-f]+ ${changeSet.id}`, () => host.apply(changeSet));
    const armed = trace.first('rename', `prep.${changeSet.id}`, `"${SLOT}"`);
    const prep = `/var/lib/coreos-infra/prep.${changeSet.id}`;
    // R3: new files, links to the old ones, the record and its folder.
    for (const path of [
      '/etc/.coreos-infra/open/new/0/a.conf',
      '/etc/.coreos-infra/open/old/0',
      '/etc/.coreos-infra/open/new/0',
      '/etc/.coreos-infra/open',
      '/etc/.coreos-infra',
      '/var/lib/coreos-infra/stage/new/1/b.conf',
      '/var/lib/coreos-infra/stage/old/1',
      `${prep}/manifest`,
      `${prep}/managed`,
      `${prep}/state.reverting`,
      `${prep}/state.confirmed`,
      prep,
    ])
      expect(trace.synced(path), path).toBeLessThan(armed);
    // R2: the slot is durable before the first rename of a file that services read.
    const swapped = trace.first('rename', 'marker.open');
    expect(trace.synced('/var/lib/coreos-infra', armed)).toBeLessThan(swapped);
    for (const name of ['a.conf', 'b.conf']) expect(trace.first('rename', `new/`, name)).toBeGreaterThan(swapped);
    // R4: all renames are durable before the state says applied, and that before the answer.
    const done = trace.last('rename', 'marker.new');
    const applied = trace.first('rename', `${SLOT}/state.applied`);
    for (const path of ['/etc/demo', '/var/lib/demo', '/etc/coreos-infra']) {
      expect(trace.synced(path, done), path).toBeGreaterThan(done);
      expect(trace.synced(path, done), path).toBeLessThan(applied);
    }
    const answered = trace.last('write', '{\\"step\\":\\"applied\\"');
    expect(trace.synced(SLOT, applied)).toBeLessThan(answered);
    expect(trace.synced(`${SLOT}/state`, applied)).toBeLessThan(answered);
    await host.call(revertCall(changeSet.id));
  });

  it('in a confirm: before its answer', async () => {
    const changeSet = await host.demo('v3', { action: 'reload' });
    expect(endOf((await host.apply(changeSet)).steps)?.kind).toBe('applied');
    const trace = await traced('confirm', `confirm ${changeSet.id}`, async () => {
      const connection = await host.connect();
      await connection.exec(
        `sudo -n bash /usr/local/libexec/coreos-infra/current/helper confirm ${changeSet.id} ${changeSet.bootId}`,
        { what: 'confirming', timeoutMs: 60_000 },
      );
      await connection.close();
    });
    const confirmed = trace.first('rename', 'state.confirmed');
    const answered = trace.first('write', '{\\"step\\":\\"confirmed\\"');
    expect(trace.synced(`${SLOT}/state`, confirmed)).toBeLessThan(answered);
    expect(trace.synced(SLOT, confirmed)).toBeLessThan(answered);
    // The slot is put away only after its state is durable.
    const archived = trace.first('rename', `"${SLOT}"`, 'generations/');
    expect(trace.synced(SLOT, confirmed)).toBeLessThan(archived);
    expect(await host.versions()).toBe('v3 active');
  });

  it('in a revert: reverting before the first rename back, the old files before reverted', async () => {
    const commands = [{ id: 'command:fail', script: 'exit 1', timeoutSec: 5, step: 1 }];
    const changeSet = await host.demo('v4', { action: 'reload', extra: { commands } });
    const trace = await traced('command', `apply [0-9]+ [0-9a-f]+ ${changeSet.id}`, () => host.apply(changeSet));
    const reverting = trace.first('rename', `${SLOT}/state.reverting"`);
    const back = trace.first('rename', '/old/0/a.conf');
    // R6
    expect(trace.synced(SLOT, reverting)).toBeLessThan(back);
    const marker = trace.first('rename', 'marker.old');
    expect(marker).toBeGreaterThan(trace.first('rename', '/old/1/b.conf'));
    const reverted = trace.first('rename', `${SLOT}/state.reverted`);
    for (const path of ['/etc/demo', '/var/lib/demo', '/etc/coreos-infra'])
      expect(trace.synced(path, marker), path).toBeLessThan(reverted);
    expect(trace.synced(SLOT, reverted)).toBeLessThan(trace.first('rename', `"${SLOT}"`, 'reverted/'));
    expect(await host.versions()).toBe('v3 active');
  });
});
