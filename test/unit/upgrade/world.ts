/** A pair of scripted hosts, and a controller that upgrades them. */
import { Type } from '@sinclair/typebox';
import { expect } from 'vitest';
import type { EngineEvent, Summary } from '../../../src/engine/events.ts';
import { hostRoles } from '../../../src/engine/host-roles.ts';
import { DEFAULT_DEADLINES, type RunContext } from '../../../src/engine/run-context.ts';
import type { Host, Inventory } from '../../../src/inventory/model.ts';
import { definePlaybook, defineRole } from '../../../src/playbook/define.ts';
import { file } from '../../../src/resources/index.ts';
import { defineUpgrade } from '../../../src/upgrade/define.ts';
import { type Kept, UpgradeMemory } from '../../../src/upgrade/memory.ts';
import { runReboot } from '../../../src/upgrade/run-reboot.ts';
import { runResume } from '../../../src/upgrade/run-resume.ts';
import { runRollback } from '../../../src/upgrade/run-rollback.ts';
import { type RunUpgradeInput, runUpgrade } from '../../../src/upgrade/run-upgrade.ts';
import { settingsFor } from '../../../src/upgrade/settings.ts';
import { host } from '../engine/build.ts';
import { FakeOsHost } from './fake-os-host.ts';
import { CONFIG, CONTENT } from './fake-os-wire.ts';
import { release } from './graphs.ts';

const OLD = release('old', 1_000);
const NEW = release('new', 2_000);

const role = defineRole({
  name: 'web',
  description: 'a file and its unit',
  service: 'web',
  vars: Type.Object({}),
  resources: () => [file(CONFIG, { content: CONTENT })],
  probes: () => [{ kind: 'unit', unit: 'web.service' }],
  standsBy: ({ host }) => host.vars['standby'] === true,
});
const playbook = definePlaybook({ name: 'deploy-web', hosts: 'dns', roles: [role] });
/** What ns2 does with others. */
const other = definePlaybook({
  name: 'deploy-other',
  hosts: 'other',
  roles: [defineRole({ name: 'other', description: 'nothing', vars: Type.Object({}), resources: () => [] })],
});

export class World {
  readonly hosts = new Map(['ns1', 'ns2'].map((name) => [name, new FakeOsHost(name, OLD, NEW)]));
  readonly events: EngineEvent[] = [];
  readonly user = new AbortController();
  readonly kept = new Map<string, unknown>();
  readonly memory = new UpgradeMemory(keptIn(this.kept));
  /** Hosts that stand in for ns2 in something else: nobody is there to answer for them. */
  readonly strangers: string[] = [];
  /** A host that nobody stands in for: it is in no group. */
  lone = '';
  /** Who says of itself that it only stands by. */
  standby = '';
  run = 'run1';
  /** Longer than any host here is away, on a machine that is busy; short where none comes back. */
  rebootWithin = '20s';
  wallMs = Date.parse('2026-11-22T12:00:00Z');

  of(name: string): FakeOsHost {
    return this.hosts.get(name) as FakeOsHost;
  }

  get versions(): string {
    return [...this.hosts.values()].map(({ version }) => version).join(' ');
  }

  get inventory(): Inventory {
    const names = [...this.hosts.keys()];
    const hosts = new Map<string, Host>(
      [...names, ...this.strangers].map((name) => [name, host(name, name === this.standby ? { standby: true } : {})]),
    );
    const group = { name: 'dns', children: [], hosts: names.filter((name) => name !== this.lone), vars: {} };
    return {
      dir: '/',
      hosts,
      groups: new Map([
        ['all', { ...group, name: 'all', hosts: names }],
        ['dns', group],
        ['other', { ...group, name: 'other', hosts: ['ns2', ...this.strangers] }],
      ]),
      varNames: new Map(),
    };
  }

  context(inventory: Inventory): RunContext {
    return {
      run: this.run,
      owner: 'admin@desk',
      inventory,
      zones: () => [],
      transport: { connect: async ({ name }) => this.of(name).connect() },
      options: {
        check: false,
        diff: false,
        tags: [],
        skipTags: [],
        forks: 5,
        confirmWithinSec: 5,
        waitLockSec: 0,
        forceUnsafe: false,
      },
      deadlines: { ...DEFAULT_DEADLINES, leaseSec: 3 },
      helper: {},
      emit: (event) => this.events.push(event),
      signal: this.user.signal,
      now: () => performance.now(),
      today: () => '20261122',
    };
  }

  input(inventory: Inventory, more: Partial<RunUpgradeInput> = {}): RunUpgradeInput {
    const upgrade = defineUpgrade({
      name: 'upgrade',
      soak: '0s',
      within: '20s',
      reboot_within: this.rebootWithin,
      check_after: '1s',
    });
    return {
      name: 'upgrade',
      upgrade,
      hosts: [...inventory.hosts.values()].filter(({ name }) => this.hosts.has(name)),
      roles: hostRoles({ playbooks: [playbook, other], inventory, zones: () => [] }).roles,
      playbooks: [playbook],
      memory: this.memory,
      settings: (one) => settingsFor(one, upgrade),
      wallMs: () => this.wallMs,
      ignoreWindows: false,
      allowDowngrade: false,
      allowDenied: false,
      wanted: { kind: 'latest' },
      ...more,
    };
  }

  upgrade(more: Partial<RunUpgradeInput> = {}, options: Partial<RunContext['options']> = {}): Promise<Summary> {
    const { inventory } = this;
    const ctx = this.context(inventory);
    return runUpgrade({ ...ctx, options: { ...ctx.options, ...options } }, this.input(inventory, more));
  }

  rollback(name: string, options: Partial<RunContext['options']> = {}): Promise<Summary> {
    const { inventory } = this;
    const ctx = this.context(inventory);
    const hosts = [inventory.hosts.get(name) as Host];
    return runRollback(
      { ...ctx, options: { ...ctx.options, ...options } },
      this.input(inventory, { name: 'rollback', hosts }),
    );
  }

  reboot(more: Partial<RunUpgradeInput> = {}, options: Partial<RunContext['options']> = {}): Promise<Summary> {
    const { inventory } = this;
    const ctx = this.context(inventory);
    return runReboot(
      { ...ctx, options: { ...ctx.options, ...options } },
      this.input(inventory, { name: 'reboot', ...more }),
    );
  }

  resume(then: 'resume' | 'abort'): Promise<Summary> {
    const { inventory } = this;
    return runResume(this.context(inventory), this.input(inventory), then);
  }
}

function keptIn(values: Map<string, unknown>): Kept {
  return {
    get: (key) => values.get(key),
    set: (key, value) => void values.set(key, value),
    delete: (key) => values.delete(key),
    list: (prefix = '') =>
      [...values].filter(([key]) => key.startsWith(prefix)).map(([key, value]) => ({ key, value })),
  };
}

export function states({ hosts }: Summary): string {
  return Object.values(hosts)
    .map(({ status }) => status)
    .join(' ');
}

/** Whatever happened: nothing is staged or open, no lease is left, and no two hosts were ever down together. */
export function expectCalm(world: World): void {
  for (const one of world.hosts.values()) {
    expect([one.slot, one.staged, one.lease], one.name).toEqual([undefined, undefined, '']);
  }
}
