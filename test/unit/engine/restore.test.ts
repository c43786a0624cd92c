/** An earlier generation as desired state: what is planned from it is exactly the way back. */
import { describe, expect, test } from 'vitest';
import { renderZone } from '../../../src/dns/render.ts';
import type { DesiredHost } from '../../../src/engine/desired.ts';
import { MemberGroups } from '../../../src/engine/member-groups.ts';
import type { Members } from '../../../src/engine/members.ts';
import type { ManagedEntry } from '../../../src/engine/observation.ts';
import { plan } from '../../../src/engine/plan.ts';
import { sha256 } from '../../../src/engine/plan-files.ts';
import { type RestoreInput, restoredHost } from '../../../src/engine/restored-host.ts';
import type { Generation } from '../../../src/host/verbs.ts';
import type { Probe } from '../../../src/probes/types.ts';
import { directory, file, quadlet, unit, zone } from '../../../src/resources/index.ts';
import type { Resource } from '../../../src/resources/types.ts';
import { zoneOf } from '../dns/zones.ts';
import { active, aDirectory, host, managed, observation, present } from './build.ts';

const CONF = '/etc/web/conf';

function generation(...entries: readonly (readonly [ManagedEntry, string])[]): Generation {
  return {
    managed: entries.map(([entry]) => entry),
    contents: new Map(entries.map(([entry, content]) => [entry.sha256, Buffer.from(content)])),
  };
}

function entry(path: string, content: string, more: Partial<ManagedEntry> = {}): readonly [ManagedEntry, string] {
  return [managed(path, content, more), content];
}

function role(
  name: string,
  resources: readonly Resource[],
  probes: readonly Probe[] = [],
): RestoreInput['present'][number] {
  const desired: DesiredHost = {
    host: host(),
    resources: resources.map((resource) => ({ role: name, resource })),
    roles: [name],
    probes: () => probes,
  };
  return { role: name, desired };
}

function input(more: Partial<RestoreInput>): RestoreInput {
  const roles = [...new Set([...(more.generation?.managed ?? []), ...(more.managed ?? [])].map((one) => one.role))];
  return {
    host: host(),
    generation: generation(),
    roles,
    present: [],
    managed: [],
    osDefaults: new Map(),
    ...more,
  };
}

function planned(restore: RestoreInput, seen: Parameters<typeof observation>[0]): readonly string[] {
  const { desired, serials } = restoredHost(restore);
  const changes = plan({ desired, observation: observation({ managed: restore.managed, ...seen }), serials });
  return changes.map(({ action, id }) => `${action} ${id}`);
}

describe('bringing a generation back', () => {
  const conf = file(CONF, { content: 'new\n' });
  const web = role('web', [conf, unit('web.service', { reloadOn: [conf] })]);

  test('writes what differs, and reloads what the role reloads for it', () => {
    const restore = input({
      generation: generation(entry(CONF, 'old\n')),
      managed: [managed(CONF, 'new\n')],
      present: [web],
    });
    expect(planned(restore, { paths: { [CONF]: present('new\n') }, units: { 'web.service': active } })).toEqual([
      `update file:${CONF}`,
      'reload unit:web.service',
    ]);
  });

  test('changes nothing when the host is as it was', () => {
    const restore = input({
      generation: generation(entry(CONF, 'old\n')),
      managed: [managed(CONF, 'old\n')],
      present: [web],
    });
    expect(planned(restore, { paths: { [CONF]: present('old\n') }, units: { 'web.service': active } })).toEqual([]);
  });

  test('deletes what that generation did not have, and writes what has gone since', () => {
    const restore = input({
      generation: generation(entry('/etc/web/a', 'a\n'), entry(CONF, 'new\n')),
      managed: [managed(CONF, 'new\n'), managed('/etc/web/b', 'b\n')],
      present: [web],
    });
    const seen = {
      paths: { [CONF]: present('new\n'), '/etc/web/b': present('b\n') },
      units: { 'web.service': active },
    };
    expect(planned(restore, seen)).toEqual([
      'create file:/etc/web/a',
      'delete file:/etc/web/b',
      'restart unit:web.service',
    ]);
  });

  test('restarts the quadlet units of a role that nobody describes any more', () => {
    const old = '[Container]\nImage=registry.example/web:1\n';
    const path = '/etc/containers/systemd/web.container';
    const restore = input({
      generation: generation(entry(path, old, { kind: 'quadlet', unit: 'web.service' }), entry(CONF, 'old\n')),
      managed: [managed(path, old, { kind: 'quadlet', unit: 'web.service' }), managed(CONF, 'new\n')],
    });
    const seen = { paths: { [path]: present(old), [CONF]: present('new\n') }, units: { 'web.service': active } };
    expect(planned(restore, seen)).toEqual([
      'create image:registry.example/web:1',
      `update file:${CONF}`,
      'restart unit:web.service',
    ]);
  });

  test('stops the unit of a quadlet that goes', () => {
    const text = quadlet('new.container', { Container: { Image: 'registry.example/new:1' } });
    const now = managed(text.path, text.content, { kind: 'quadlet', unit: 'new.service' });
    const restore = input({
      generation: generation(entry(CONF, 'old\n')),
      managed: [now, managed(CONF, 'old\n')],
      present: [role('web', [text, unit('new.service', { restartOn: [text] })])],
    });
    const seen = {
      paths: { [text.path]: present(text.content), [CONF]: present('old\n') },
      units: { 'new.service': active },
    };
    expect(planned(restore, seen)).toEqual(['delete quadlet:new.container', 'stop unit:new.service']);
  });
});

describe('a role that the generation does not have', () => {
  const time = [
    managed('/etc/chrony.conf', 'ours\n', { role: 'chrony' }),
    managed('/etc/chrony.d', '', { role: 'chrony', kind: 'directory', sha256: '', mode: 0o755 }),
    managed('/etc/systemd/system/chronyd.service.d/50.conf', 'x\n', { role: 'chrony' }),
  ];
  const conf = file('/etc/chrony.conf', { content: 'ours\n' });
  const sources = file('/etc/chrony.d/a.sources', { content: '' });
  const chrony = role('chrony', [
    conf,
    sources,
    directory('/etc/chrony.d'),
    unit('chronyd.service', { enabled: true, restartOn: [conf], reloadOn: [sources] }),
  ]);
  const seen = {
    paths: {
      '/etc/chrony.conf': present('ours\n'),
      '/etc/chrony.d': aDirectory,
      '/etc/systemd/system/chronyd.service.d/50.conf': present('x\n'),
    },
    units: { 'chronyd.service': active },
  };

  test('gives way to what the OS ships, and its unit restarts: how it reloads may go with it', () => {
    const restore = input({
      generation: generation(entry(CONF, 'old\n')),
      managed: [...time, managed(CONF, 'old\n')],
      present: [chrony],
      osDefaults: new Map([
        ['/etc/chrony.conf', { content: Buffer.from('shipped\n'), mode: 0o644, owner: 'root', group: 'root' }],
      ]),
    });
    expect(restoredHost(restore).leaving).toEqual(['chrony']);
    expect(planned(restore, { ...seen, paths: { ...seen.paths, [CONF]: present('old\n') } })).toEqual([
      'update file:/etc/chrony.conf',
      'delete file:/etc/systemd/system/chronyd.service.d/50.conf',
      'delete directory:/etc/chrony.d',
      'restart unit:chronyd.service',
    ]);
  });

  test('is left alone when it is not asked for', () => {
    const restore = input({
      generation: generation(entry(CONF, 'old\n')),
      managed: [...time, managed(CONF, 'new\n')],
      roles: ['web'],
    });
    const paths = { ...seen.paths, [CONF]: present('new\n') };
    expect(planned(restore, { ...seen, paths })).toEqual([`update file:${CONF}`]);
  });
});

describe('zones of a generation', () => {
  const content = zoneOf(['www A 192.0.2.80']);
  const path = '/etc/coredns/zones/db.example.com';
  const text = renderZone(content, 2026112001);
  const now = zone(path, zoneOf(['www A 192.0.2.81']));
  const version = `coreos-infra-${'a'.repeat(16)}`;
  const corefile = `bind:53 {\n    bind 192.0.2.11\n    chaos ${version}\n}\n`;
  const dns = role(
    'dns',
    [file('/etc/coredns/Corefile', { content: 'new' }), now, unit('coredns.service', { reloadOn: [now] })],
    [
      { kind: 'dns-version', server: '192.0.2.99', port: 53, expect: `coreos-infra-${'b'.repeat(16)}` },
      { kind: 'dns-zone', server: '192.0.2.99', port: 53, zone: 'new.example' },
      { kind: 'dns-name', server: '192.0.2.99', port: 53, name: 'www.new.example', type: 'A' },
      { kind: 'unit', unit: 'coredns.service' },
    ],
  );
  const restore = input({
    generation: generation(
      entry(path, text, { role: 'dns', kind: 'zone' }),
      entry('/etc/coredns/Corefile', corefile, { role: 'dns' }),
    ),
    managed: [managed(path, 'later', { role: 'dns', kind: 'zone' })],
    present: [dns],
  });

  test('come back with their own serial and bytes', () => {
    const { desired, serials } = restoredHost(restore);
    expect(serials).toEqual(new Map([['example.com', 2026112001]]));
    const changes = plan({ desired, observation: observation({ managed: restore.managed }), serials });
    const written = changes.find((change) => change.kind === 'write' && change.path === path);
    expect(written).toMatchObject({ sha256: sha256(text), serial: 2026112001 });
  });

  test('and are proven where that generation served: its zones, its version, its address', () => {
    const { desired, serials } = restoredHost(restore);
    expect(desired.probes(serials)).toEqual([
      { kind: 'dns-version', server: '192.0.2.11', port: 53, expect: version },
      { kind: 'unit', unit: 'coredns.service' },
      { kind: 'dns-zone', server: '192.0.2.11', port: 53, zone: 'example.com', serial: 2026112001 },
    ]);
  });

  test('that a person had written in another form are brought back as the text that they were', () => {
    const odd = `; by hand\n${text}`;
    const { desired, serials } = restoredHost({
      ...restore,
      generation: generation(entry(path, odd, { role: 'dns', kind: 'zone' })),
    });
    expect(serials.size).toBe(0);
    const resource = desired.resources.map((owned) => owned.resource).find(({ id }) => id === 'zone:example.com');
    expect(resource).toMatchObject({ kind: 'file', content: Buffer.from(odd) });
  });
});

test('several groups: whoever fails in one of them does not serve, and every group is proven', async () => {
  const group = (names: readonly string[], serving: readonly string[], note: string): Members =>
    ({
      names,
      health: async (name: string) => ({
        name,
        serves: serving.includes(name),
        answers: true,
        confirmed: true,
        failed: [],
      }),
      prove: async () => ({ serving: new Set(serving), notes: [note] }),
    }) as unknown as Members;
  const both = new MemberGroups([group(['a', 'b'], ['a', 'b'], 'x'), group(['b', 'c'], ['c'], 'x')], []);
  expect(both.names).toEqual(['a', 'b', 'c']);
  expect((await both.health('b')).serves).toBe(false);
  expect((await both.health('c')).serves).toBe(true);
  const { serving, notes } = await both.prove(new Set(['a']), false);
  expect([...serving]).toEqual(['a', 'c']);
  expect(notes).toEqual(['x']);
});
