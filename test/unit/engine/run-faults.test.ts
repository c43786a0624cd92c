/** The whole engine against a scripted host, with a fault at every step: what is reported is what the host is. */
import { Type } from '@sinclair/typebox';
import { describe, expect, it } from 'vitest';
import type { EngineEvent, Summary } from '../../../src/engine/events.ts';
import { runPlaybook } from '../../../src/engine/run.ts';
import type { Inventory } from '../../../src/inventory/model.ts';
import { definePlaybook, defineRole } from '../../../src/playbook/define.ts';
import { file, unit } from '../../../src/resources/index.ts';
import { host } from './build.ts';
import { FAKE_STEPS, FakeHost, type Fault, type FaultKind } from './fake-host.ts';

const CONFIG = '/etc/web/conf';

function playbook(content: string) {
  const role = defineRole({
    name: 'web',
    description: 'a file and its unit',
    vars: Type.Object({}),
    resources: () => {
      const config = file(CONFIG, { content });
      return [config, unit('web.service', { reloadOn: [config] })];
    },
  });
  return definePlaybook({ name: 'deploy-web', hosts: 'dns', roles: [role] });
}

function inventory(): Inventory {
  const ns1 = host('ns1');
  const group = { name: 'dns', children: [], hosts: ['ns1'], vars: {} };
  return {
    dir: '/',
    hosts: new Map([['ns1', ns1]]),
    groups: new Map([
      ['all', { ...group, name: 'all' }],
      ['dns', group],
    ]),
    varNames: new Map(),
  };
}

interface Run {
  readonly summary: Summary;
  readonly events: readonly EngineEvent[];
}

async function run(fake: FakeHost, content: string, options: { check?: boolean } = {}): Promise<Run> {
  const events: EngineEvent[] = [];
  const summary = await runPlaybook({
    run: 'test',
    playbook: playbook(content),
    inventory: inventory(),
    zones: () => [],
    transport: fake.transport(),
    options: {
      check: options.check ?? false,
      diff: true,
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
  return { summary, events };
}

async function deployed(content: string): Promise<FakeHost> {
  const fake = new FakeHost();
  await run(fake, content);
  return fake;
}

describe('a run', () => {
  it('creates, then changes nothing the second time, over one connection and one exec', async () => {
    const fake = new FakeHost();
    const first = await run(fake, 'a\n');
    expect(first.summary).toMatchObject({ status: 'changed', hosts: { ns1: { status: 'changed', error: null } } });
    expect(first.summary.hosts['ns1']?.changes.map(({ action, resource }) => `${action} ${resource}`)).toEqual([
      `create file:${CONFIG}`,
      'start unit:web.service',
    ]);
    expect(fake.files.get(CONFIG)).toMatchObject({ content: 'a\n', mode: '644' });
    fake.log.length = 0;
    const second = await run(fake, 'a\n');
    expect(second.summary).toMatchObject({ status: 'ok', hosts: { ns1: { status: 'ok', changes: [] } } });
    expect(fake.log).toEqual(['connect']);
  });

  it('plans the same in check mode and touches nothing', async () => {
    const fake = await deployed('a\n');
    fake.log.length = 0;
    const { summary } = await run(fake, 'b\n', { check: true });
    expect(summary.hosts['ns1']).toMatchObject({
      status: 'changed',
      changes: [{ resource: `file:${CONFIG}`, action: 'update' }, { action: 'reload' }],
    });
    expect(fake.files.get(CONFIG)?.content).toBe('a\n');
    expect(fake.log).toEqual(['connect']);
  });

  it('names a host that cannot be reached', async () => {
    const fake = await deployed('a\n');
    fake.refuse = 1;
    const { summary } = await run(fake, 'b\n');
    expect(summary.hosts['ns1']?.error?.message).toContain('refused');
    expect(fake.files.get(CONFIG)?.content).toBe('a\n');
  });
});

describe('a fault at any step', () => {
  const faults: Fault[] = [...FAKE_STEPS, 'confirm'].flatMap((step) =>
    (['error', 'link', 'crash'] satisfies FaultKind[])
      .filter((kind) => step !== 'confirm' || kind !== 'error')
      .map((kind) => ({ step, kind })),
  );

  it.each(faults)('$kind at $step: the report is true, and the next run succeeds', async (fault) => {
    const fake = await deployed('old\n');
    fake.fault = fault;
    const { summary } = await run(fake, 'new\n');
    const { status, error } = summary.hosts['ns1'] ?? { status: 'skipped', error: null };
    const content = fake.files.get(CONFIG)?.content;
    expect(fake.fault).toBeUndefined();
    expect(['old\n', 'new\n']).toContain(content);
    if (status === 'changed') expect({ content, slot: fake.slot }).toEqual({ content: 'new\n', slot: undefined });
    if (status === 'failed' || status === 'reverted')
      expect({ content, slot: fake.slot }).toEqual({ content: 'old\n', slot: undefined });
    if (status !== 'changed') expect(error?.remedy).toBeTruthy();
    // What the guard does when nobody confirmed.
    fake.revert();
    expect((await run(fake, 'new\n')).summary.hosts['ns1']?.status).toMatch(
      status === 'changed' ? /^ok$/ : /^(changed|ok)$/,
    );
    expect(fake.files.get(CONFIG)?.content).toBe('new\n');
  });
});

describe('a confirm whose answer is lost', () => {
  it('is asked for again, and gets the same answer', async () => {
    const fake = await deployed('old\n');
    fake.fault = { step: 'confirm', kind: 'link' };
    const { summary } = await run(fake, 'new\n');
    expect(summary.hosts['ns1']?.status).toBe('changed');
    expect(fake.log.filter((verb) => verb === 'confirm')).toHaveLength(3);
    expect(fake.files.get(CONFIG)?.content).toBe('new\n');
  });
});
