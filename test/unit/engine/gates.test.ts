/** Playbooks of playbooks: their order, their gates, and what an early failure stops. */
import { createServer } from 'node:net';
import { Type } from '@sinclair/typebox';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EngineEvent, Summary } from '../../../src/engine/events.ts';
import { runPlaybook } from '../../../src/engine/run.ts';
import type { Inventory } from '../../../src/inventory/model.ts';
import { definePlaybook, defineRole, gate, type Playbook } from '../../../src/playbook/define.ts';
import { file } from '../../../src/resources/index.ts';
import { host } from './build.ts';
import { FakeHost } from './fake-host.ts';

const server = createServer();
let open = 0;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  open = typeof address === 'object' && address !== null ? address.port : 0;
});
afterAll(() => void server.close());

/** A role with one file, whose service listens on `port` of this machine. */
const role = (name: string, port: number) =>
  defineRole({
    name,
    description: `the file of ${name}`,
    vars: Type.Object({}),
    resources: () => [file(`/etc/${name}`, { content: `${name}\n` })],
    probes: () => [{ kind: 'tcp', address: '127.0.0.1', port }],
  });
const playbook = (name: string, port = open) => definePlaybook({ name, hosts: 'dns', roles: [role(name, port)] });

function inventory(): Inventory {
  const group = { name: 'dns', children: [], hosts: ['ns1'], vars: {} };
  return {
    dir: '/',
    hosts: new Map([['ns1', host('ns1')]]),
    groups: new Map([
      ['all', { ...group, name: 'all' }],
      ['dns', group],
    ]),
    varNames: new Map(),
  };
}

async function run(fake: FakeHost, site: Playbook, check = false) {
  const events: EngineEvent[] = [];
  const summary: Summary = await runPlaybook({
    run: 'test',
    playbook: site,
    inventory: inventory(),
    zones: () => [],
    transport: fake.transport(),
    options: {
      check,
      diff: false,
      tags: [],
      skipTags: [],
      forks: 5,
      confirmWithinSec: 5,
      waitLockSec: 0,
      forceUnsafe: false,
    },
    deadlines: { probesMs: 100 },
    emit: (event) => events.push(event),
    signal: new AbortController().signal,
  });
  const gates = events.flatMap((event) => (event.event === 'gate' ? [`${event.name} ${event.status}`] : []));
  return { summary, events, gates };
}

describe('a playbook of playbooks', () => {
  it('is their plays in order, each with its name, and the gates before the first play behind them', () => {
    const ready = gate('ready', { hosts: 'dns', role: role('time', open), withinSec: 5 });
    const site = definePlaybook({ name: 'site', playbooks: [playbook('time'), ready, playbook('names')] });
    expect(site.plays.map(({ from, gates }) => [from, gates.map(({ name }) => name)])).toEqual([
      ['time', []],
      ['names', ['ready']],
    ]);
  });

  it('passes an open gate before it changes a host, and asks none when nothing changes', async () => {
    const fake = new FakeHost();
    const ready = gate('ready', { hosts: 'dns', role: role('time', open), withinSec: 5 });
    const site = definePlaybook({ name: 'site', playbooks: [playbook('time'), ready, playbook('names')] });
    const first = await run(fake, site);
    expect(first.summary.status).toBe('changed');
    expect(first.gates).toEqual(['ready asked', 'ready open']);
    expect([...fake.files.keys()]).toEqual(['/etc/time', '/etc/names']);
    const second = await run(fake, site);
    expect(second.summary.status).toBe('ok');
    expect(second.gates).toEqual([]);
  });

  it('refuses what stands behind a gate that stays closed, names the probe, and begins nothing after it', async () => {
    const fake = new FakeHost();
    const closed = gate('time in sync', { hosts: 'dns', role: role('clock', 9), withinSec: 0.1 });
    const site = definePlaybook({
      name: 'site',
      playbooks: [playbook('time'), closed, playbook('names'), playbook('addresses')],
    });
    const { summary, events } = await run(fake, site);
    expect(summary.hosts['ns1']).toMatchObject({
      status: 'refused',
      error: { code: 'E_REFUSED', message: 'time in sync: not so after 0.1 s; what needs it was not begun' },
    });
    expect(summary.hosts['ns1']?.error?.detail.join()).toContain('tcp 127.0.0.1:9');
    expect([...fake.files.keys()]).toEqual(['/etc/time']);
    expect(events).toContainEqual({
      event: 'warning',
      message: 'addresses: not begun, because of ns1 in an earlier play',
    });
  });

  it('looks at all of it in check mode, gates and failures or not', async () => {
    const closed = gate('time in sync', { hosts: 'dns', role: role('clock', 9), withinSec: 0.1 });
    const site = definePlaybook({ name: 'site', playbooks: [playbook('time'), closed, playbook('names')] });
    const { summary, gates } = await run(new FakeHost(), site, true);
    expect(summary.hosts['ns1']?.changes.map(({ resource }) => resource)).toEqual([
      'file:/etc/time',
      'file:/etc/names',
    ]);
    expect(gates).toEqual([]);
  });
});
