/** A pair of lab hosts that is upgraded again and again: releases for it, the command, and what its hosts run, read from outside them. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Break,
  labBoot,
  labCrash,
  labCut,
  labHeal,
  labPublish,
  type PublishOptions,
} from '../../src/lab/index.ts';
import { hostFolder } from '../../src/lab/paths.ts';
import { isSupervised } from '../../src/lab/processes.ts';
import type { QueryTarget } from '../../src/probes/query-loop.ts';
import { type Pair, pairDown, pairUp } from '../lab/pair.ts';
import { Client } from './client-process.ts';
import { HostView } from './host-view.ts';
import { Command, type Ended, type NodeStart } from './upgrade-command.ts';
import { isUp, leftovers } from './upgrade-leftovers.ts';
import { silent, targetsOf } from './upgrade-services.ts';

/** The same code as users', in seconds. */
const QUICK = ['--soak', '4s', '-e', 'upgrade_check_after=6s', '-e', 'upgrade_reboot_within=120s', '--wait-lock', '60'];
/** To each resolver; a reboot takes seconds. */
const QUERIES_PER_SEC = 50;
const LOOK_EVERY_MS = 400;
/** Of hosts that end by themselves: their own deadlines are below a minute; boots on a machine with other work to do are slow. */
const BY_ITSELF_MS = 240_000;
const TIDY_MS = 90_000;
const SERVES_MS = 30_000;

export class UpgradePair {
  readonly labName: string;
  /** Whose turn comes first and second. */
  readonly first: HostView;
  readonly second: HostView;
  readonly #pair: Pair;
  readonly #running = new Set<Command>();
  #published = 0;

  private constructor(pair: Pair) {
    this.#pair = pair;
    this.labName = pair.labName;
    const view = (name: string): HostView => {
      const host = pair.state.hosts.find((one) => one.name === name);
      if (host === undefined) throw new Error(`the lab has no host ${name}`);
      return new HostView(host);
    };
    this.first = view('ns2');
    this.second = view('ns1');
  }

  /** Boots it, and deploys all that the repository's inventory describes: time, names and addresses. */
  static async up(labName: string): Promise<UpgradePair> {
    const pair = new UpgradePair(await pairUp({ labName }));
    const { code, stdout, stderr } = await pair.start('site', []).ended;
    if (code !== 0) {
      await pair.down();
      throw new Error(`site ended ${code}: ${stdout}${stderr}`);
    }
    return pair;
  }

  /** What a failed case leaves is anything: the next one gets new hosts. */
  recover(): Promise<void> {
    return Promise.reject(new Error('hosts whose upgrade went wrong are not used again'));
  }

  async down(): Promise<void> {
    for (const command of this.#running) command.signal('SIGKILL');
    await Promise.all([...this.#running].map(({ ended }) => ended));
    await pairDown(this.#pair);
  }

  get hosts(): readonly HostView[] {
    return [this.second, this.first];
  }

  /** Always newer than all before. */
  async publish(broken?: Break, seconds?: number, more: PublishOptions = {}): Promise<string> {
    const version = `44.2027${String(++this.#published).padStart(4, '0')}.3.0`;
    await labPublish(this.labName, version, {
      ...more,
      ...(broken === undefined ? {} : { broken }),
      ...(seconds === undefined ? {} : { seconds }),
    });
    return version;
  }

  start(command: string, args: readonly string[], node?: NodeStart): Command {
    const target = ['-i', this.#pair.inventoryDir, '--lab', '--lab-name', this.labName, '--json'];
    return this.#spawn([command, ...target, ...args], node);
  }

  upgrading(...args: readonly string[]): Command {
    return this.start('upgrade', ['--yes', ...QUICK, ...args]);
  }

  /** By another start of Node than the tests' own. */
  upgradingBy(node: NodeStart, ...args: readonly string[]): Command {
    return this.start('upgrade', ['--yes', ...QUICK, ...args], node);
  }

  upgrade(...args: readonly string[]): Promise<Ended> {
    return this.upgrading(...args).ended;
  }

  /** What a command for people prints; throws when it fails. */
  async told(command: string, ...args: readonly string[]): Promise<string> {
    const target = ['-i', this.#pair.inventoryDir, '--lab', '--lab-name', this.labName];
    const { code, stdout, stderr } = await this.#spawn([command, ...target, ...args]).ended;
    if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended ${code}: ${stdout}${stderr}`);
    return stdout;
  }

  /** What `run history show` prints of a run. */
  async history(run: string): Promise<string> {
    const { code, stdout, stderr } = await this.#spawn(['history', 'show', run]).ended;
    if (code !== 0) throw new Error(`history show ${run} ended ${code}: ${stdout}${stderr}`);
    return stdout;
  }

  /** Histories and what is remembered of releases are the pair's own. */
  #spawn(args: readonly string[], node: NodeStart = { words: [process.execPath], env: {} }): Command {
    const state = join(this.#pair.inventoryDir, '../state');
    const command = new Command(args, { ...process.env, ...node.env, XDG_STATE_HOME: state }, node.words);
    this.#running.add(command);
    void command.ended.then(() => this.#running.delete(command));
    return command;
  }

  /** From now on somebody asks both hosts for names, the time and an address. `rate`: names a second, of each. */
  client(rate = QUERIES_PER_SEC): Promise<Client> {
    return Client.start(this.#targets, rate);
  }

  get #targets(): readonly QueryTarget[] {
    return targetsOf(this.hosts, this.#pair.state.networks[0]?.gateway ?? '');
  }

  /** A power cut; the host boots again by itself. */
  crash(view: HostView): Promise<void> {
    return labCrash(this.labName, view.name, { stayOff: false });
  }

  /** Somebody switches the host off and on, and chooses the older entry in its boot menu. */
  async bootedByHand(view: HostView): Promise<void> {
    await labCrash(this.labName, view.name, { stayOff: true });
    while (isSupervised(hostFolder(this.labName, view.name))) await sleep(100);
    await labBoot(this.labName, view.name, { entry: 1, withinMs: BY_ITSELF_MS });
  }

  async cut(view: HostView, forMs: number): Promise<void> {
    await labCut(this.labName, view.name);
    await sleep(forMs);
    await labHeal(this.labName, view.name);
  }

  /** What the host runs now; undefined: it is off. */
  running(view: HostView): string | undefined {
    return /^OSTREE_VERSION='?([\d.]+)/m.exec(view.read('/usr/lib/os-release') ?? '')?.[1];
  }

  /** Of both, in the order of the inventory. */
  releases(): readonly (string | undefined)[] {
    return this.hosts.map((view) => this.running(view));
  }

  /** Whatever is open on the host ends without anybody's help, and it is up. */
  async endsByItself(view: HostView): Promise<void> {
    await until(`${view.name} ends the upgrade`, BY_ITSELF_MS, async () => {
      // While it shuts down its /var is away, and with it the slot.
      if (!(await isUp(view))) return 'it is not up';
      return view.slot === undefined ? undefined : `the upgrade is ${view.slot}`;
    });
  }

  /** The host is up, on that release, and nothing is open on it. */
  async endsOn(view: HostView, release: string): Promise<void> {
    await until(`${view.name} runs ${release} and has no open upgrade`, BY_ITSELF_MS, async () => {
      if (!(await isUp(view))) return 'it is not up';
      return view.slot === undefined && this.running(view) === release
        ? undefined
        : `it runs ${this.running(view)}, the upgrade is ${view.slot ?? 'over'}`;
    });
  }

  /** Nothing is left on any host of what was done to it; what a dead controller held ends by itself. */
  async settled(): Promise<void> {
    for (const view of this.hosts)
      await until(`${view.name} is tidy`, TIDY_MS, async () => {
        const left = await leftovers(view);
        return left.length === 0 ? undefined : left.join('; ');
      });
  }

  /** Everybody answers everything. */
  serves(): Promise<void> {
    return until('all services answer', SERVES_MS, async () => {
      const left = await silent(this.#targets);
      return left.length === 0 ? undefined : left.join('; ');
    });
  }
}

/** `look` says what is missing still. */
export async function until(what: string, withinMs: number, look: () => Promise<string | undefined>): Promise<void> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const missing = await look().catch(String);
    if (missing === undefined) return;
    if (performance.now() > deadline) throw new Error(`${what}: not within ${withinMs / 1000} s: ${missing}`);
    await sleep(LOOK_EVERY_MS);
  }
}
