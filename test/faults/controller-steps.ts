/** The steps of the controller: those that a run of the engine on a scripted pair takes, so that a new one is swept by itself. */
import { Type } from '@sinclair/typebox';
import { runPlaybook } from '../../src/engine/run.ts';
import type { Host, Inventory } from '../../src/inventory/model.ts';
import { definePlaybook, defineRole } from '../../src/playbook/define.ts';
import { file, unit } from '../../src/resources/index.ts';
import type { Transport } from '../../src/ssh/transport.ts';
import { host } from '../unit/engine/build.ts';
import { FakeHost } from '../unit/engine/fake-host.ts';
import { watchTransport } from './watched-transport.ts';

/** `ns1 confirming 1`, in their order, each once. */
export async function controllerSteps(): Promise<readonly string[]> {
  const hosts: readonly Host[] = [host('ns1'), host('ns2')];
  const scripted = new Map(hosts.map(({ name }) => [name, new FakeHost().transport()]));
  await change(hosts, scripted, 'old\n', async () => undefined);
  const steps: string[] = [];
  await change(hosts, scripted, 'new\n', async (step) => void steps.push(step));
  return steps;
}

async function change(
  hosts: readonly Host[],
  scripted: ReadonlyMap<string, Transport>,
  content: string,
  before: (step: string) => Promise<void>,
): Promise<void> {
  const pair: Transport = {
    connect: (target, options) => {
      const transport = scripted.get(target.name);
      if (transport === undefined) throw new Error(`no host ${target.name}`);
      return transport.connect(target, options);
    },
  };
  const { status } = await runPlaybook({
    run: 'steps',
    playbook: playbook(content),
    inventory: inventory(hosts),
    zones: () => [],
    transport: watchTransport(pair, { before }),
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
    emit: () => undefined,
    signal: new AbortController().signal,
  });
  if (status !== 'changed') throw new Error(`the scripted pair was not changed: ${status}`);
}

function playbook(content: string) {
  const role = defineRole({
    name: 'web',
    description: 'a file and its unit',
    vars: Type.Object({}),
    resources: () => {
      const config = file('/etc/web/conf', { content });
      return [config, unit('web.service', { reloadOn: [config] })];
    },
  });
  return definePlaybook({ name: 'deploy-web', hosts: 'dns', roles: [role] });
}

function inventory(hosts: readonly Host[]): Inventory {
  const names = hosts.map(({ name }) => name);
  const group = { name: 'dns', children: [], hosts: names, vars: {} };
  return {
    dir: '/',
    hosts: new Map(hosts.map((one) => [one.name, one])),
    groups: new Map([
      ['all', { ...group, name: 'all' }],
      ['dns', group],
    ]),
    varNames: new Map(),
  };
}
