/** A pair of lab hosts of its own for fault tests: what it should hold, the controllers that bring it there, and a client that asks both. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type LabState,
  labBoot,
  labCrash,
  labCut,
  labDown,
  labFill,
  labFree,
  labHeal,
  labUp,
} from '../../src/lab/index.ts';
import { hostFolder } from '../../src/lab/paths.ts';
import { isSupervised } from '../../src/lab/processes.ts';
import { Client } from './client-process.ts';
import { type Content, IMAGE, writeInventory, ZONES } from './content.ts';
import { Controller, type ControllerOrder } from './controller-process.ts';
import { servedVersion } from './host-state.ts';
import { HostView } from './host-view.ts';

const DEPLOY_DNS = `import { definePlaybook } from 'coreos-infra';
import { coredns } from 'coreos-infra/roles/coredns';
export default definePlaybook({ name: 'deploy-dns', hosts: 'dns', roles: [coredns] });
`;

export type Orders = Partial<Omit<ControllerOrder, 'lab' | 'inventoryDir'>>;

export class FaultPair {
  readonly labName: string;
  readonly hosts: readonly HostView[];
  /** Confirmed on both hosts. */
  content: Content = { version: 'v0', service: 's0', validates: true };
  readonly #dir: string;
  #count = 0;
  /** The version that each serial of the zone example.com stands for. */
  readonly #versions = new Map<string, string>();
  /** Contents that were looked at already, by host and hash. */
  readonly #objects = new Set<string>();
  /** Hosts that nobody has seen up since their power cut. */
  readonly #off = new Set<string>();
  readonly #cut = new Set<string>();
  readonly #full = new Set<string>();

  private constructor(state: LabState, dir: string) {
    this.labName = state.name;
    this.hosts = state.hosts.map((host) => new HostView(host));
    this.#dir = dir;
  }

  /** Boots a lab of that name and deploys to it. */
  static async up(labName: string): Promise<FaultPair> {
    const hosts = ['ns1', 'ns2'].map((name, index) => ({
      name,
      address: `192.0.2.${11 + index}`,
      prefix: 24,
      interface: 'host0',
    }));
    const state = await labUp({ labName, hosts, images: [IMAGE] }, { installDeps: true, log: () => undefined });
    const pair = new FaultPair(state, mkdtempSync(join(tmpdir(), 'coreos-infra-faults-')));
    await pair.deploy(pair.content);
    return pair;
  }

  async down(): Promise<void> {
    rmSync(this.#dir, { recursive: true, force: true });
    await labDown(this.labName);
  }

  host(name: string): HostView {
    const host = this.hosts.find((one) => one.name === name);
    if (host === undefined) throw new Error(`the pair has no host ${name}`);
    return host;
  }

  /** The next content: `reload` changes zone and Corefile, `restart` also quadlet, a file on /var and a command. */
  next(change: 'reload' | 'restart'): Content {
    this.#count += 1;
    const isRestart = change === 'restart';
    return {
      version: `v${this.#count}`,
      service: isRestart ? `s${this.#count}` : this.content.service,
      validates: isRestart,
    };
  }

  /** The folder of an inventory that describes `content`. */
  write(content: Content): string {
    const dir = join(this.#dir, randomBytes(4).toString('hex'));
    writeInventory(dir, content);
    return dir;
  }

  /** A folder as users have it, in which the command finds inventory and playbook: CoreDNS alone, without anything of these tests. */
  project(content: Content): string {
    const dir = join(this.#dir, randomBytes(4).toString('hex'));
    writeInventory(join(dir, 'inventory'), content);
    mkdirSync(join(dir, 'playbooks'));
    writeFileSync(join(dir, 'playbooks/deploy-dns.ts'), DEPLOY_DNS);
    return dir;
  }

  /** A controller that things may happen to. */
  controller(content: Content, orders: Orders = {}): Promise<Controller> {
    return Controller.start(this.#order(content, orders));
  }

  /** A run that is left in peace. */
  run(content: Content, orders: Pick<Orders, 'waitLockSec'> = {}): Controller {
    return Controller.here(this.#order(content, { ...orders, isInPeace: true }));
  }

  #order(content: Content, orders: Orders): ControllerOrder {
    return {
      lab: this.labName,
      inventoryDir: this.write(content),
      run: randomBytes(4).toString('hex'),
      confirmWithinSec: 60,
      waitLockSec: 0,
      isInPeace: false,
      ...orders,
    };
  }

  /** A run as anybody would do it; throws unless it ends 0 and both hosts are as described. */
  async deploy(content: Content, orders: Pick<Orders, 'waitLockSec'> = {}): Promise<Controller> {
    const controller = this.run(content, orders);
    const code = await controller.ended(120_000);
    if (code !== 0) throw new Error(`the run that should succeed did not: ${controller.describe()}`);
    const problems = this.hosts.flatMap((view) => this.serialProblems(view));
    if (problems.length > 0) throw new Error(problems.join('; '));
    this.content = content;
    return controller;
  }

  /** A client that asks both resolvers, 200 times a second each. */
  startClient(): Promise<Client> {
    return Client.start(
      this.hosts.map(({ name, host }) => ({ service: 'dns', name, server: host.address, port: 53, zones: ZONES })),
    );
  }

  /** A power cut; the host is off when it resolves. */
  async crash(view: HostView): Promise<void> {
    this.#off.add(view.name);
    await labCrash(this.labName, view.name, { stayOff: true });
    // A loop that is about to end would keep the next one from starting.
    while (isSupervised(hostFolder(this.labName, view.name))) await sleep(20);
  }

  /** Power again; resolves when it is up. */
  async boot(view: HostView): Promise<void> {
    await labBoot(this.labName, view.name);
    this.#off.delete(view.name);
  }

  /** Links, disks and power as they should be. What the hosts make of it is theirs. */
  async restore(): Promise<void> {
    for (const view of this.hosts) {
      if (this.#off.has(view.name) || view.init === undefined) await this.boot(view);
      if (this.#cut.has(view.name)) await this.heal(view);
      if (this.#full.has(view.name)) await this.free(view);
    }
  }

  /** Pulls the host's cable, until `heal`. */
  async cut(view: HostView): Promise<void> {
    this.#cut.add(view.name);
    await labCut(this.labName, view.name);
  }

  async heal(view: HostView): Promise<void> {
    await labHeal(this.labName, view.name);
    this.#cut.delete(view.name);
  }

  /** Takes all space on /var, until `free`. */
  async fill(view: HostView): Promise<void> {
    this.#full.add(view.name);
    await labFill(this.labName, view.name, '/var');
  }

  async free(view: HostView): Promise<void> {
    await labFree(this.labName, view.name, '/var');
    this.#full.delete(view.name);
  }

  /** As `restore`, and deployed anew whatever became of it; throws when that does not succeed. */
  async recover(): Promise<void> {
    await this.restore();
    for (const view of this.hosts) view.clearFault();
    await this.settled(120_000);
    await this.deploy(this.next('restart'), { waitLockSec: 30 });
  }

  /** Until no change set is open or being applied on any host and both answer; throws when that takes too long. */
  async settled(withinMs: number): Promise<void> {
    const deadline = performance.now() + withinMs;
    for (;;) {
      const unsettled = await this.#unsettled();
      if (unsettled === undefined) return;
      if (performance.now() > deadline) throw new Error(`after ${withinMs} ms: ${unsettled}`);
      await sleep(100);
    }
  }

  /** A serial never stands for two contents, in whatever was ever written on a host: secondaries would keep the first for ever. */
  serialProblems(view: HostView): readonly string[] {
    const folder = '/var/lib/coreos-infra/objects';
    const problems: string[] = [];
    for (const name of view.list(folder)) {
      const object = `${view.name} ${name}`;
      if (this.#objects.has(object)) continue;
      this.#objects.add(object);
      const text = view.read(`${folder}/${name}`) ?? '';
      const serial = /SOA\s+\S+\s+\S+\s+\(?\s*(\d+)/.exec(text)?.[1];
      const version = /TXT\s+"(\w+)"/.exec(text)?.[1];
      if (serial === undefined || version === undefined) continue;
      const earlier = this.#versions.get(serial) ?? version;
      this.#versions.set(serial, earlier);
      if (earlier !== version)
        problems.push(`serial ${serial} stands for ${earlier} and, on ${view.name}, for ${version}`);
    }
    return problems;
  }

  async #unsettled(): Promise<string | undefined> {
    for (const view of this.hosts) {
      if (view.slot !== undefined) return `${view.name} has a change set that is ${view.slot}`;
      // A transient unit has its file here for as long as systemd knows it; asking systemd costs a process each time.
      const going = view.list('/run/systemd/transient').find((name) => name.startsWith('coreos-infra-apply-'));
      if (going !== undefined) return `${view.name} still applies: ${going}`;
      const served = await servedVersion(view);
      if (!/^v\d+$/.test(served)) return `${view.name} serves ${served}`;
    }
    return undefined;
  }
}
