/** onFailure: 'revert-all': hosts that a run has changed go back when a later one fails, and what cannot go back is said. */
import { describe, expect, test } from 'vitest';
import type { ChangeSet } from '../../../src/engine/change-set.ts';
import type { EngineEvent } from '../../../src/engine/events.ts';
import type { Observation } from '../../../src/engine/observation.ts';
import { sha256 } from '../../../src/engine/plan-files.ts';
import type { PlannedHost } from '../../../src/engine/plan-host.ts';
import type { PlayHost } from '../../../src/engine/play-host.ts';
import { revertAll } from '../../../src/engine/revert-all.ts';
import { DEFAULT_DEADLINES, type RunContext } from '../../../src/engine/run-context.ts';
import { file, unit } from '../../../src/resources/index.ts';
import type { Connection } from '../../../src/ssh/transport.ts';
import { desired, host, managed, observation, present } from './build.ts';

const CONF = '/etc/web/conf';
const fields = (...all: readonly string[]): Buffer =>
  Buffer.from(`${['coreos-infra', '1', ...all, 'end'].join('\0')}\0`);
const entry = (content: string): readonly string[] => ['web', 'file', CONF, sha256(content), '644', 'root', 'root', ''];

/** A host that holds `now`, and keeps generation 4, in which it held `then`. */
function connection(name: string, now: string, then: string): Connection {
  const answer = (stdin: string): Buffer => {
    if (/\nmain 'generation' '4'\n/.test(stdin))
      return fields('managed', '8', ...entry(then), 'file', sha256(then), Buffer.from(then).toString('base64'));
    if (!/\nobserve\n$/.test(stdin)) return fields('file', CONF, Buffer.from(now).toString('base64'));
    const facts = ['facts', 'boot-1', '44', 'fedora', name, '1', '100', ''];
    const path = ['path', 'f', '644', 'root', 'root', '4', '0', '', CONF, `${sha256(now)}  ${CONF}`];
    return fields(
      ...path,
      ...facts,
      'generation',
      '5',
      'managed',
      '8',
      ...entry(now),
      'unit',
      'web.service',
      'loaded',
      'active',
      'running',
      '',
      'no',
      '0',
    );
  };
  return {
    host: name,
    exec: async (_command, options) => ({
      code: 0,
      stdout: answer(Buffer.from(options.stdin ?? '').toString('utf8')),
      stderr: Buffer.alloc(0),
    }),
    start: () => Promise.reject(new Error('not here')),
    forward: () => Promise.reject(new Error('not here')),
    close: async () => {},
  };
}

function changed(name: string, generation: number, commands: ChangeSet['commands'] = []): PlannedHost {
  const conf = file(CONF, { content: 'new\n' });
  const described = { ...desired(conf, unit('web.service', { reloadOn: [conf] })), host: host(name) };
  const before: Observation = {
    ...observation({ managed: [managed(CONF, 'old\n')], paths: { [CONF]: present('old\n') } }),
    generation,
  };
  return {
    survey: {
      desired: described,
      connection: connection(name, 'new\n', 'old\n'),
      observation: before,
      early: Promise.resolve([]),
      startedMs: 0,
    },
    changeSet: { commands } as unknown as ChangeSet,
    reports: [],
    roles: ['web'],
  };
}

const ended = (name: string, status: PlayHost['status']): PlayHost => ({
  host: name,
  status,
  changes: status === 'changed' ? [{ resource: `file:${CONF}`, action: 'update' }] : [],
  error: null,
});

interface Outcome {
  readonly hosts: readonly PlayHost[];
  readonly asked: readonly PlannedHost[];
  readonly warnings: readonly string[];
}

async function run(planned: readonly PlannedHost[], hosts: readonly PlayHost[]): Promise<Outcome> {
  const events: EngineEvent[] = [];
  const asked: PlannedHost[] = [];
  const ctx = {
    run: 'test',
    owner: 'admin@desk',
    options: { check: false, diff: true, forks: 5, confirmWithinSec: 120 },
    deadlines: DEFAULT_DEADLINES,
    emit: (event: EngineEvent) => events.push(event),
    signal: new AbortController().signal,
    now: () => 0,
    today: () => '20261120',
    inventory: { hosts: new Map() },
  } as unknown as RunContext;
  const all = await revertAll(ctx, {
    hosts,
    planned,
    change: async (one) => {
      asked.push(one);
      return [{ ...ended(one.survey.desired.host.name, 'reverted'), changes: one.reports }];
    },
  });
  return { hosts: all, asked, warnings: events.flatMap((event) => (event.event === 'warning' ? [event.message] : [])) };
}

describe('after a failure', () => {
  test('the hosts that were changed go back to the generation before, the last one first', async () => {
    const planned = [changed('ns1', 4), changed('ns2', 4), changed('ns3', 4)];
    const { hosts, asked } = await run(planned, [
      ended('ns1', 'changed'),
      ended('ns2', 'changed'),
      ended('ns3', 'failed'),
    ]);
    expect(asked.map(({ survey }) => survey.desired.host.name)).toEqual(['ns2', 'ns1']);
    expect(hosts.map(({ status }) => status)).toEqual(['reverted', 'reverted', 'failed']);
    const [back] = asked;
    expect(back?.changeSet?.files).toMatchObject([{ path: CONF, content: Buffer.from('old\n') }]);
    expect(back?.changeSet?.units).toMatchObject([{ unit: 'web.service', action: 'reload' }]);
    expect(back?.restore?.cause?.message).toBe(
      'ns2 went back to generation 4, since ns3 failed (onFailure: revert-all)',
    );
    expect(hosts[0]?.changes.map(({ resource }) => resource)).toEqual([
      `file:${CONF}`,
      `file:${CONF}`,
      'unit:web.service',
    ]);
  });

  test('commands that can be undone are undone with them, the last one first', async () => {
    const command = (id: string, undo?: string): ChangeSet['commands'][number] => ({
      id: `command:${id}`,
      script: id,
      timeoutSec: 5,
      step: 1,
      ...(undo === undefined ? {} : { undo }),
    });
    const planned = [
      changed('ns1', 4, [command('a', 'undo a'), command('b'), command('c', 'undo c')]),
      changed('ns2', 4),
    ];
    const { asked } = await run(planned, [ended('ns1', 'changed'), ended('ns2', 'failed')]);
    expect(asked[0]?.changeSet?.commands.map(({ script, undo }) => [script, undo])).toEqual([
      ['undo c', 'c'],
      ['undo a', 'a'],
    ]);
    expect((await asked[0]?.restore?.replan())?.changeSet?.commands).toHaveLength(2);
  });

  test('a host without an earlier generation stays changed, and that is said', async () => {
    const { hosts, asked, warnings } = await run(
      [changed('ns1', 0), changed('ns2', 4)],
      [ended('ns1', 'changed'), ended('ns2', 'failed')],
    );
    expect(asked).toEqual([]);
    expect(hosts.map(({ status }) => status)).toEqual(['changed', 'failed']);
    expect(warnings).toEqual([
      'ns1 stays changed, although the playbook says revert-all: it has no earlier generation',
    ]);
  });

  test('hosts that were as described are left alone', async () => {
    const { asked } = await run([changed('ns2', 4)], [ended('ns1', 'ok'), ended('ns2', 'failed')]);
    expect(asked).toEqual([]);
  });
});
