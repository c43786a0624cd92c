/** `run status` over scripted hosts: who serves, what is open, what a person changed; and what counts for its verdict. */

import { createServer, type Server } from 'node:net';
import { Type } from '@sinclair/typebox';
import { afterEach, describe, expect, test } from 'vitest';
import { type FleetStatus, fleetVerdict } from '../../../src/engine/fleet.ts';
import { hostRoles } from '../../../src/engine/host-roles.ts';
import { plan } from '../../../src/engine/plan.ts';
import { sha256 } from '../../../src/engine/plan-files.ts';
import { DEFAULT_DEADLINES, type RunContext } from '../../../src/engine/run-context.ts';
import { fleetStatus } from '../../../src/engine/status.ts';
import { notByHand } from '../../../src/engine/status-drift.ts';
import { helperVersion } from '../../../src/host/helper.ts';
import type { Host, Inventory } from '../../../src/inventory/model.ts';
import { definePlaybook, defineRole } from '../../../src/playbook/define.ts';
import { file, unit } from '../../../src/resources/index.ts';
import { HostUnreachableError } from '../../../src/ssh/errors.ts';
import type { Transport } from '../../../src/ssh/transport.ts';
import { active, desired, host, managed, observation, present } from './build.ts';
import { FakeHost } from './fake-host.ts';

const CONF = '/etc/web/conf';
const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A service that takes connections; its port. */
async function service(): Promise<number> {
  const server = createServer((socket) => socket.destroy());
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as { port: number }).port;
}

function inventoryOf(hosts: readonly Host[]): Inventory {
  const group = { name: 'web', children: [], hosts: hosts.map(({ name }) => name), vars: {} };
  return {
    dir: '/',
    hosts: new Map(hosts.map((one) => [one.name, one])),
    groups: new Map([
      ['all', { ...group, name: 'all' }],
      ['web', group],
    ]),
    varNames: new Map(),
  };
}

function rolesOf(inventory: Inventory, ports: Readonly<Record<string, number>>): ReturnType<typeof hostRoles> {
  const role = defineRole({
    name: 'web',
    description: 'a file and its unit',
    service: 'web',
    vars: Type.Object({}),
    resources: () => {
      const conf = file(CONF, { content: 'ours\n' });
      return [conf, unit('web.service', { reloadOn: [conf] })];
    },
    probes: ({ host: { name } }) => [
      { kind: 'tcp', address: '127.0.0.1', port: ports[name] ?? 9 },
      { kind: 'unit', unit: 'web.service' },
    ],
  });
  const playbooks = [
    definePlaybook({ name: 'deploy-web', hosts: 'web', roles: [role] }),
    definePlaybook({ name: 'site', hosts: 'web', roles: [role] }),
  ];
  return hostRoles({ playbooks, inventory, zones: () => [] });
}

function deployed(content = 'ours\n'): FakeHost {
  const fake = new FakeHost();
  fake.helper = helperVersion();
  fake.files.set(CONF, { content, mode: '644', owner: 'root', group: 'root' });
  fake.units.set('web.service', 'active');
  fake.managed = ['web', 'file', CONF, sha256('ours\n'), '644', 'root', 'root', ''];
  return fake;
}

async function statusOf(
  fakes: Readonly<Record<string, FakeHost | undefined>>,
  ports: Readonly<Record<string, number>>,
  only?: readonly string[],
): Promise<FleetStatus> {
  const hosts = Object.keys(fakes).map((name) => host(name));
  const inventory = inventoryOf(hosts);
  const transport: Transport = {
    connect: async (target, options) => {
      const fake = fakes[target.name];
      if (fake === undefined)
        throw new HostUnreachableError(`${target.name}: no answer`, {
          host: target.name,
          reason: 'timeout',
          remedy: 'x',
        });
      return fake.transport().connect(target, options);
    },
  };
  const ctx: RunContext = {
    run: '',
    owner: 'admin@desk',
    inventory,
    zones: () => [],
    transport,
    options: {
      check: true,
      diff: false,
      tags: [],
      skipTags: [],
      forks: 5,
      confirmWithinSec: 120,
      waitLockSec: 0,
      forceUnsafe: false,
    },
    deadlines: DEFAULT_DEADLINES,
    helper: {},
    emit: () => {},
    signal: new AbortController().signal,
    now: () => performance.now(),
    today: () => '20261120',
  };
  const { roles, problems } = rolesOf(inventory, ports);
  const asked = hosts.filter(({ name }) => only?.includes(name) ?? true);
  return fleetStatus(ctx, { hosts: asked, roles, problems, drift: false });
}

const wordsOf = ({ hosts }: FleetStatus): readonly (string | undefined)[] =>
  hosts.map(({ services }) => services['web']?.state);

describe('a fleet', () => {
  test('serves when every probe passes; a role of two playbooks is asked once', async () => {
    const port = await service();
    const status = await statusOf({ ns1: deployed(), ns2: deployed() }, { ns1: port, ns2: port });
    expect(status.services).toEqual(['web']);
    expect(wordsOf(status)).toEqual(['serves', 'serves']);
    expect(status.hosts[0]).toMatchObject({ reached: true, changeSet: null, lease: null, reverted: null, drift: [] });
    expect(status.hosts[0]?.services['web']).toMatchObject({ playbook: 'deploy-web', deployed: true, failed: [] });
    expect(fleetVerdict(status)).toMatchObject({ serving: ['ns1', 'ns2'], failing: [], unreached: [], isIdle: false });
  });

  test('fails where a probe does, and says which', async () => {
    const broken = deployed();
    broken.units.set('web.service', 'failed');
    const status = await statusOf({ ns1: deployed(), ns2: broken }, { ns1: await service() });
    expect(wordsOf(status)).toEqual(['serves', 'fails']);
    expect(status.hosts[1]?.services['web']?.failed.map(({ name }) => name)).toEqual([
      'tcp 127.0.0.1:9',
      'unit web.service',
    ]);
    expect(fleetVerdict(status).failing).toEqual([{ host: 'ns2', services: ['web'] }]);
  });

  test('is not in service where nothing was confirmed and nothing answers, although its unit runs', async () => {
    const fresh = new FakeHost();
    fresh.units.set('web.service', 'active');
    const status = await statusOf({ ns1: fresh, ns2: new FakeHost() }, {});
    expect(wordsOf(status)).toEqual(['not-in-service', 'not-in-service']);
    expect(fleetVerdict(status)).toMatchObject({ isIdle: true, failing: [] });
  });

  test('is in service as soon as one member is: the other one fails, also when only it is asked for', async () => {
    const port = await service();
    const both = await statusOf({ ns1: deployed(), ns2: new FakeHost() }, { ns1: port });
    expect(wordsOf(both)).toEqual(['serves', 'fails']);
    expect(both.hosts[1]?.services['web']?.deployed).toBe(false);
    const one = await statusOf({ ns1: deployed(), ns2: new FakeHost() }, { ns1: port }, ['ns2']);
    expect(wordsOf(one)).toEqual(['fails']);
  });

  test('keeps an unreachable host apart: its service is unknown, or serves when it answers all the same', async () => {
    const port = await service();
    const status = await statusOf({ ns1: deployed(), ns2: undefined, ns3: undefined }, { ns1: port, ns3: port });
    expect(wordsOf(status)).toEqual(['serves', 'unknown', 'serves']);
    expect(status.hosts[1]).toMatchObject({ reached: false, os: null, error: { code: 'E_HOST_UNREACHABLE' } });
    expect(fleetVerdict(status)).toMatchObject({ serving: ['ns1'], failing: [], unreached: ['ns2', 'ns3'] });
  });

  test('shows a change set that is open, and says nothing of hands meanwhile', async () => {
    const changing = deployed('new\n');
    changing.slot = { id: 'abc', state: 'applied', before: new Map(), managed: [] };
    const [ns1] = (await statusOf({ ns1: changing }, { ns1: await service() })).hosts;
    expect(ns1).toMatchObject({ changeSet: { id: 'abc', state: 'applied', deadlineInSec: 60 }, drift: [] });
  });

  test('names what a person changed, and roles that no playbook has any more', async () => {
    const edited = deployed('hand\n');
    edited.managed = [...edited.managed, 'old', 'file', '/etc/old', sha256('x'), '644', 'root', 'root', ''];
    const [ns1] = (await statusOf({ ns1: edited }, { ns1: await service() })).hosts;
    expect(ns1?.drift).toEqual([
      { path: CONF, role: 'web', kind: 'edited', at: '1970-01-01T00:00:00.000Z' },
      { path: '/etc/old', role: 'old', kind: 'deleted' },
    ]);
    expect(ns1?.undescribed).toEqual([{ role: 'old', files: 1 }]);
  });
});

describe('what is described and not applied', () => {
  const conf = (content: string) => file(CONF, { content });
  const pending = (wanted: string, written: string, now: string): readonly string[] => {
    const seen = observation({
      paths: { [CONF]: present(now) },
      managed: [managed(CONF, written)],
      units: { 'web.service': active },
    });
    const resource = conf(wanted);
    const described = desired(resource, unit('web.service', { reloadOn: [resource] }));
    return notByHand(plan({ desired: described, observation: seen, serials: new Map() }), seen).map(({ id }) => id);
  };

  test('is not what only a hand edit made different, nor the reload that follows it', () => {
    expect(pending('ours\n', 'ours\n', 'hand\n')).toEqual([]);
  });

  test('is a change of the description, edited by hand or not', () => {
    expect(pending('new\n', 'ours\n', 'ours\n')).toEqual([`file:${CONF}`, 'unit:web.service']);
    expect(pending('new\n', 'ours\n', 'hand\n')).toEqual([`file:${CONF}`, 'unit:web.service']);
  });
});
