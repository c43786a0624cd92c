/** Two lab hosts for tests of the helper, and how to break them. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChangeSet } from '../../src/engine/change-set.ts';
import type { Observation } from '../../src/engine/observation.ts';
import { encodeBundle } from '../../src/host/bundle.ts';
import { helperVersion } from '../../src/host/helper.ts';
import { type HostStep, parseStep } from '../../src/host/steps.ts';
import { acquireCall, confirmCall, type HostCall, installCall, releaseCall, statusCall } from '../../src/host/verbs.ts';
import { encodeObserve, observeCommand, parseObservation } from '../../src/host/wire.ts';
import { requireHost, requireLab } from '../../src/lab/find.ts';
import { type LabSpec, labDown, labUp } from '../../src/lab/index.ts';
import { type Connection, createTransport, sudo } from '../../src/ssh/index.ts';

import { type DemoOptions, demoChangeSet, PATHS } from './host-demo.ts';
import { noLab, PAIR_PREFIX } from './requirements.ts';

export { fileChange, managed, PATHS } from './host-demo.ts';

/** A lab of each test file's own; COREOS_INFRA_TEST_LAB names one that is kept between runs, of one file at a time. */
const KEPT = process.env['COREOS_INFRA_TEST_LAB'];
export const LAB = KEPT ?? `${PAIR_PREFIX}${process.pid}-host`;
export const isPossible = noLab === undefined;
/** Lab builds have fault.sh in them. */
const FAULTS = { faults: true };

const SPEC: LabSpec = {
  labName: LAB,
  images: [],
  hosts: ['h1', 'h2'].map((name, index) => ({
    name,
    address: `198.51.100.${11 + index}`,
    prefix: 24,
    interface: 'host0',
  })),
};

export async function upHosts(): Promise<readonly TestHost[]> {
  await labUp(SPEC, { installDeps: true, log: () => undefined });
  const hosts = SPEC.hosts.map(({ name }) => new TestHost(name));
  for (const host of hosts) await host.reset();
  return hosts;
}

export interface Talk {
  readonly steps: readonly HostStep[];
  readonly tookMs: number;
}

export class TestHost {
  readonly name: string;
  #connection: Connection | undefined;

  constructor(name: string) {
    this.name = name;
  }

  get #target() {
    const host = requireHost(requireLab(LAB), this.name);
    return {
      name: host.name,
      ssh: {
        address: host.address,
        port: host.port,
        user: host.user,
        identityFile: host.identityFile,
        knownHostsFile: host.knownHostsFile,
      },
    };
  }

  connect(): Promise<Connection> {
    return createTransport().connect(this.#target, { timeoutMs: 10_000 });
  }

  /** A kept connection, made anew when the last one broke. */
  async #link(): Promise<Connection> {
    this.#connection ??= await this.connect();
    return this.#connection;
  }

  async close(): Promise<void> {
    await this.#connection?.close();
    this.#connection = undefined;
  }

  /** stdout of a script run as root; throws when it fails. */
  async shell(script: string): Promise<string> {
    const result = await (await this.#link()).exec(sudo(script), { what: 'a test command', timeoutMs: 30_000 });
    if (result.code !== 0)
      throw new Error(`${this.name}: ${script} ended with ${result.code}: ${result.stderr.toString()}`);
    return result.stdout.toString().trim();
  }

  /** The answer of a verb as it is. */
  async raw({ command, stdin }: HostCall): Promise<string> {
    const result = await (await this.#link()).exec(command, { what: 'a verb', timeoutMs: 120_000, stdin });
    return result.stdout.toString();
  }

  async call({ command, stdin }: HostCall): Promise<readonly HostStep[]> {
    const result = await (await this.#link()).exec(command, { what: 'a verb', timeoutMs: 120_000, stdin });
    const lines = result.stdout
      .toString()
      .split('\n')
      .filter((line) => line !== '');
    if (lines.length === 0) throw new Error(`${this.name}: no answer, ${result.code}: ${result.stderr.toString()}`);
    return lines.map(parseStep);
  }

  async observe(
    paths: readonly string[] = [...Object.values(PATHS), '/etc/demo', '/var/lib/demo'],
    units: readonly string[] = ['demo.service'],
  ): Promise<Observation> {
    const request = { paths, units, images: [], commands: [], zonePaths: [] };
    const result = await (await this.#link()).exec(observeCommand(), {
      what: 'observing',
      timeoutMs: 30_000,
      stdin: encodeObserve(request),
    });
    return parseObservation(result.stdout, request);
  }

  /** A host without anything of ours, but for the installed helper. */
  async reset(): Promise<void> {
    await this.shell(`systemctl stop demo.service 2>/dev/null; systemctl disable demo.service 2>/dev/null
      rm -f /var/lib/coreos-infra.fault*; chattr -i ${PATHS.etc} 2>/dev/null
      rm -rf /var/lib/coreos-infra/open; for n in 1 2 3 4 5 6 7 8 9 10; do systemctl -q is-active coreos-infra-guard.service || break; sleep 0.1; done
      rm -rf /etc/demo /var/lib/demo /run/demo.loaded ${PATHS.unit} /etc/coreos-infra /etc/.coreos-infra
      rm -rf /var/lib/coreos-infra/{open,generations,reverted,failed,deny,objects,serials,stage,prep.*} /run/coreos-infra/{lease,bundle.*,check.*,deadline.*}
      systemctl stop 'coreos-infra-inhibit-*' 2>/dev/null; systemctl daemon-reload`);
    const { facts } = await this.observe();
    if (facts.helperVersion === helperVersion(FAULTS)) return;
    const steps = await this.call(installCall(FAULTS));
    if (steps.at(-1)?.kind !== 'installed') throw new Error(JSON.stringify(steps));
  }

  /** A change set that brings the service's files to `version`, planned from what is there now. */
  async demo(version: string, options: DemoOptions = {}): Promise<ChangeSet> {
    return demoChangeSet(version, await this.observe(), options);
  }

  /** Runs an apply over its own connection to its end, or until the link is lost. `onStep` may act at each line. */
  async apply(
    changeSet: ChangeSet,
    options: {
      readonly token?: string;
      readonly unlessServes?: string;
      readonly onStep?: (step: HostStep, abort: () => void) => void | Promise<void>;
      readonly go?: boolean;
    } = {},
  ): Promise<Talk> {
    // A lease of its own, unless the test is about leases.
    const token = options.token ?? randomUUID();
    if (options.token === undefined) await this.acquire(token);
    const connection = await this.connect();
    const started = performance.now();
    const steps: HostStep[] = [];
    try {
      const bundle = encodeBundle(changeSet, {
        token,
        ...FAULTS,
        ...(options.unlessServes === undefined ? {} : { unlessServes: options.unlessServes }),
      });
      const dialogue = await connection.start(bundle.command, { what: 'applying', timeoutMs: 120_000 });
      dialogue.result.catch(() => undefined);
      const sent = dialogue.write(bundle.bytes).catch(() => undefined);
      for await (const line of dialogue.lines) {
        const step = parseStep(line);
        steps.push(step);
        await options.onStep?.(step, () => dialogue.abort());
        if (step.kind === 'ready' && options.go !== false) await dialogue.write('go\n');
        if (step.kind === 'ready' && options.go === false) dialogue.endInput();
      }
      await sent;
    } catch (error) {
      // A lost link is what many tests want; they look at the host afterwards.
      if (steps.length === 0 && !(error instanceof Error)) throw error;
    } finally {
      await connection.close();
      if (options.token === undefined) await this.#dropLease(token);
    }
    return { steps, tookMs: performance.now() - started };
  }

  /** Also while the change set is open, which release refuses. The host may be down by now. */
  async #dropLease(token: string): Promise<void> {
    await this.shell(`if grep -qzx ${token} /run/coreos-infra/lease; then rm /run/coreos-infra/lease; fi`).catch(() =>
      this.forget(),
    );
  }

  /** Applies and confirms; throws unless it is confirmed. */
  async settle(version: string, options: DemoOptions = {}): Promise<ChangeSet> {
    const changeSet = await this.demo(version, options);
    const { steps } = await this.apply(changeSet);
    const confirmed =
      steps.at(-1)?.kind === 'applied' ? await this.call(confirmCall(changeSet.id, changeSet.bootId)) : steps;
    if (confirmed.at(-1)?.kind !== 'confirmed')
      throw new Error(`${this.name}: ${version} was not confirmed: ${JSON.stringify(confirmed)}`);
    return changeSet;
  }

  /** What the service and both mounts hold: one word when they agree. */
  async versions(): Promise<string> {
    const text = await this.shell(
      `cat ${PATHS.etc} ${PATHS.var} /run/demo.loaded; systemctl is-active demo.service || :`,
    );
    return [...new Set(text.split('\n'))].join(' ');
  }

  /** Waits until the change set has ended and its slot is put away; returns how it ended. */
  async ended(id: string, withinMs = 30_000): Promise<string> {
    const deadline = performance.now() + withinMs;
    for (;;) {
      const state = await this.#endState(id).catch((error: unknown) => {
        this.#connection = undefined;
        return `unreachable: ${String(error)}`;
      });
      if (state === 'confirmed' || state === 'reverted' || state === 'none') return state;
      if (performance.now() > deadline) throw new Error(`${this.name}: change set ${id} is still ${state}`);
      await sleep(150);
    }
  }

  async #endState(id: string): Promise<string> {
    const [status] = await this.call(statusCall(id));
    const going = await this.shell(
      `ls -d /var/lib/coreos-infra/open 2>/dev/null; systemctl is-active coreos-infra-apply-${id}.service | grep -v inactive || :`,
    );
    return status?.kind === 'status' && going === '' ? status.state : `${JSON.stringify(status)} ${going}`;
  }

  /** Nothing of a change set is left but its archive. */
  async leftovers(): Promise<string> {
    return this.shell(
      'shopt -s nullglob; ls -d /var/lib/coreos-infra/{open,stage,prep.*} /etc/.coreos-infra/* /run/coreos-infra/{lease,bundle.*,check.*,deadline.*} 2>/dev/null || :',
    );
  }

  async setFault(point: string, kind: 'kill' | 'pause' | 'fail'): Promise<void> {
    await this.shell(`rm -f /var/lib/coreos-infra.fault*; echo '${point} ${kind}' >/var/lib/coreos-infra.fault`);
  }

  /** Waits until the helper paused at its fault; false when it ended without. */
  async paused(withinMs = 15_000): Promise<boolean> {
    const deadline = performance.now() + withinMs;
    while (performance.now() < deadline) {
      if ((await this.shell('if [[ -e /var/lib/coreos-infra.fault.pause ]]; then echo yes; fi')) === 'yes') return true;
      await sleep(50);
    }
    return false;
  }

  async resume(): Promise<void> {
    await this.shell('rm -f /var/lib/coreos-infra.fault.pause');
  }

  /** Forgets the kept connection, which a power cut ended. */
  forget(): void {
    this.#connection = undefined;
  }

  async acquire(
    token: string = randomUUID(),
    options: {
      readonly run?: string;
      readonly owner?: string;
      readonly ttlSec?: number;
      readonly inhibit?: boolean;
    } = {},
  ): Promise<readonly HostStep[]> {
    return this.call(
      acquireCall({
        token,
        owner: 'tester@desk',
        run: 'run-1',
        purpose: 'a test',
        ttlSec: 30,
        inhibit: false,
        ...options,
      }),
    );
  }

  async release(token: string): Promise<readonly HostStep[]> {
    return this.call(releaseCall(token));
  }
}

/** Leaves nothing running, unless the lab was named from outside. */
export async function downHosts(hosts: readonly TestHost[]): Promise<void> {
  for (const host of hosts) await host.close();
  if (KEPT === undefined) await labDown(LAB);
}

/** The last line that says how an apply ended. */
export function endOf(steps: readonly HostStep[]): HostStep | undefined {
  return steps.findLast(({ kind }) => kind !== 'step');
}

export function errorOf(steps: readonly HostStep[]): Extract<HostStep, { kind: 'error' }> | undefined {
  return steps.find((step) => step.kind === 'error');
}
