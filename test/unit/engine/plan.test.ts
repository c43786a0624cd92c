/** plan(): absent, drifted, as described, applied twice, no longer described. */
import { describe, expect, it } from 'vitest';
import { buildChangeSet } from '../../../src/engine/build-change-set.ts';
import { plan } from '../../../src/engine/plan.ts';
import { command, directory, file, image, quadlet, unit } from '../../../src/resources/index.ts';
import type { Resource } from '../../../src/resources/types.ts';
import { active, aDirectory, desired, managed, observation, present, type Seen } from './build.ts';

const NO_SERIALS = new Map<string, number>();

function brief(resources: readonly Resource[], seen: Seen): string[] {
  return plan({ desired: desired(...resources), observation: observation(seen), serials: NO_SERIALS }).map(
    ({ action, id }) => `${action} ${id}`,
  );
}

describe('files and directories', () => {
  const config = file('/etc/web/conf', { content: 'a\n' });

  it('creates what is absent', () => {
    expect(brief([directory('/etc/web'), config], {})).toEqual([
      'create directory:/etc/web',
      'create file:/etc/web/conf',
    ]);
  });

  it('changes nothing when content, mode and owner are as described', () => {
    expect(
      brief([directory('/etc/web'), config], { paths: { '/etc/web': aDirectory, '/etc/web/conf': present('a\n') } }),
    ).toEqual([]);
  });

  it.each([
    ['content', present('b\n')],
    ['mode', present('a\n', { mode: 0o600 })],
    ['owner', present('a\n', { owner: 'core' })],
    ['group', present('a\n', { group: 'core' })],
  ])('updates a file whose %s differs', (_what, state) => {
    expect(brief([config], { paths: { '/etc/web/conf': state } })).toEqual(['update file:/etc/web/conf']);
  });

  it('knows an edit by hand from a change of ours', () => {
    const changes = plan({
      desired: desired(config),
      observation: observation({
        paths: { '/etc/web/conf': present('by hand\n') },
        managed: [managed('/etc/web/conf', 'old\n')],
      }),
      serials: NO_SERIALS,
    });
    expect(changes[0]).toMatchObject({ handEdited: true });
    const ours = plan({
      desired: desired(config),
      observation: observation({
        paths: { '/etc/web/conf': present('old\n') },
        managed: [managed('/etc/web/conf', 'old\n')],
      }),
      serials: NO_SERIALS,
    });
    expect(ours[0]).toMatchObject({ handEdited: false });
  });

  it.each([
    [
      'a symlink to /etc/shadow',
      { type: 'symlink', target: '/etc/shadow', mode: 0o777, owner: 'root', group: 'root', size: 1, mtime: 0 } as const,
    ],
    ['a directory', aDirectory],
  ])('neither follows nor replaces %s', (what, state) => {
    expect(() => brief([config], { paths: { '/etc/web/conf': state } })).toThrow(`/etc/web/conf is ${what}`);
  });
});

describe('what is no longer described', () => {
  it('deletes what this role wrote, and leaves other roles and unknown files alone', () => {
    const seen = {
      paths: { '/etc/web/old': present('x'), '/etc/other': present('y'), '/etc/web/stranger': present('z') },
      managed: [managed('/etc/web/old', 'x'), managed('/etc/other', 'y', { role: 'ntp' })],
    };
    expect(brief([], seen)).toEqual(['delete file:/etc/web/old']);
  });

  it('does not plan to delete what is gone already', () => {
    expect(brief([], { managed: [managed('/etc/web/old', 'x')] })).toEqual([]);
  });

  it('reports a zone under the name it was written with', () => {
    expect(
      brief([], {
        paths: { '/etc/z/db.example.com': present('x') },
        managed: [managed('/etc/z/db.example.com', 'x', { kind: 'zone' })],
      }),
    ).toEqual(['delete zone:example.com']);
  });

  it('stops the unit of a quadlet before its file goes', () => {
    const path = '/etc/containers/systemd/web.container';
    const seen = {
      paths: { [path]: present('x') },
      units: { 'web.service': active },
      managed: [managed(path, 'x', { kind: 'quadlet', unit: 'web.service' })],
    };
    const changes = plan({ desired: desired(), observation: observation(seen), serials: NO_SERIALS });
    expect(changes.map(({ action, id }) => `${action} ${id}`)).toEqual([
      'delete quadlet:web.container',
      'stop unit:web.service',
    ]);
    expect(changes[1]).toMatchObject({ when: 'before' });
  });

  it('reloads the role’s units when one of its files goes', () => {
    const seen = {
      paths: { '/etc/web/old': present('x') },
      units: { 'web.service': active },
      managed: [managed('/etc/web/old', 'x')],
    };
    expect(brief([unit('web.service', { reloadOn: [], restartOn: [] })], seen)).toEqual(['delete file:/etc/web/old']);
    const keep = file('/etc/web/keep', { content: 'k' });
    const withKeep = { ...seen, paths: { ...seen.paths, '/etc/web/keep': present('k') } };
    expect(brief([keep, unit('web.service', { reloadOn: [keep] })], withKeep)).toEqual([
      'delete file:/etc/web/old',
      'reload unit:web.service',
    ]);
    expect(brief([keep, unit('web.service', { restartOn: [keep] })], withKeep)).toEqual([
      'delete file:/etc/web/old',
      'restart unit:web.service',
    ]);
  });
});

describe('units', () => {
  const container = quadlet('web.container', { Container: { Image: 'docker.io/a/b:1' } });
  const config = file('/etc/web/conf', { content: 'a\n' });
  const web = unit('web.service', { restartOn: [], reloadOn: [config] });
  const written = { [container.path]: present(container.content), '/etc/web/conf': present('a\n') };

  it('starts a unit that does not exist yet', () => {
    expect(brief([container, config, web], {})).toEqual([
      'create quadlet:web.container',
      'create file:/etc/web/conf',
      'start unit:web.service',
    ]);
  });

  it('restarts for its own quadlet, also when the role does not say so', () => {
    expect(
      brief([container, config, web], {
        paths: { ...written, [container.path]: present('old') },
        units: { 'web.service': active },
      }),
    ).toEqual(['update quadlet:web.container', 'restart unit:web.service']);
  });

  it('reloads for its configuration only', () => {
    expect(
      brief([container, config, web], {
        paths: { ...written, '/etc/web/conf': present('old') },
        units: { 'web.service': active },
      }),
    ).toEqual(['update file:/etc/web/conf', 'reload unit:web.service']);
  });

  it('restarts once when both call', () => {
    expect(
      brief([container, config, web], {
        paths: { [container.path]: present('old'), '/etc/web/conf': present('old') },
        units: { 'web.service': active },
      }),
    ).toEqual(['update quadlet:web.container', 'update file:/etc/web/conf', 'restart unit:web.service']);
  });

  it.each([
    ['inactive', 'start'],
    ['failed', 'restart'],
    ['activating', 'restart'],
  ])('brings back a unit that is %s by %s', (state, action) => {
    expect(
      brief([container, config, web], { paths: written, units: { 'web.service': { ...active, active: state } } }),
    ).toEqual([`${action} unit:web.service`]);
  });

  it('loads a unit file that changed behind systemd’s back', () => {
    const seen = { paths: written, units: { 'web.service': { ...active, needDaemonReload: true } } };
    const changes = plan({
      desired: desired(container, config, web),
      observation: observation(seen),
      serials: NO_SERIALS,
    });
    expect(changes.map(({ action }) => action)).toEqual(['restart']);
    const set = buildChangeSet(
      { id: 'x', run: 'r', owner: 'o', confirmWithinSec: 120 },
      desired(container, config, web),
      observation(seen),
      NO_SERIALS,
      changes,
    );
    expect(set?.daemonReload).toBe(true);
  });

  it('stops what is to be stopped, and enables what is to be enabled', () => {
    expect(
      brief([unit('web.service', { state: 'stopped', enabled: false })], {
        units: { 'web.service': { ...active, unitFile: 'enabled' } },
      }),
    ).toEqual(['stop unit:web.service', 'update unit:web.service'].map((line) => line.replace('update', 'disable')));
    expect(
      brief([unit('web.service', { enabled: true })], {
        units: { 'web.service': { ...active, unitFile: 'disabled' } },
      }),
    ).toEqual(['enable unit:web.service']);
  });

  it('acts in the order of `order`', () => {
    expect(brief([unit('b.service', { order: 20 }), unit('a.service', { order: 10 })], {})).toEqual([
      'start unit:a.service',
      'start unit:b.service',
    ]);
  });
});

describe('images and commands', () => {
  it('names an image that is missing', () => {
    expect(brief([image('docker.io/a/b:1')], {})).toEqual(['create image:docker.io/a/b:1']);
    expect(brief([image('docker.io/a/b:1')], { images: ['docker.io/a/b:1'] })).toEqual([]);
  });

  it('runs a command unless `creates` or `unless` say no', () => {
    const once = command('once', { script: 'x', creates: '/etc/x' });
    expect(brief([once], { satisfied: { 'command:once': true } })).toEqual([]);
    expect(brief([once], { satisfied: { 'command:once': false } })).toEqual(['run command:once']);
  });

  it('runs a command on change of what it waits for', () => {
    const config = file('/etc/web/conf', { content: 'a' });
    const after = command('after', { script: 'x', onChangeOf: [config] });
    expect(brief([config, after], { paths: { '/etc/web/conf': present('a') } })).toEqual([]);
    expect(brief([config, after], {})).toEqual(['create file:/etc/web/conf', 'run command:after']);
  });
});

describe('the change set', () => {
  it('carries what was seen, whole manifests, and keeps other roles’ entries', () => {
    const config = file('/etc/web/conf', {
      content: 'new',
      validate: {
        name: 'lint',
        argv: ['lint', '{dir}/conf'],
        timeoutSec: 5,
        preview: [{ path: '/etc/web/conf', as: 'conf' }],
        scratch: [],
      },
    });
    const seen = observation({
      paths: { '/etc/web/conf': present('old') },
      managed: [managed('/etc/chrony.conf', 'c', { role: 'ntp' })],
    });
    const changes = plan({ desired: desired(config), observation: seen, serials: NO_SERIALS });
    const set = buildChangeSet(
      { id: 'x', run: 'r', owner: 'o', confirmWithinSec: 120 },
      desired(config),
      seen,
      NO_SERIALS,
      changes,
    );
    expect(set?.files).toEqual([
      {
        path: '/etc/web/conf',
        content: Buffer.from('new'),
        mode: 0o644,
        owner: 'root',
        group: 'root',
        before: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/), mode: 0o644, owner: 'root', group: 'root' },
      },
    ]);
    expect(set?.managed.map(({ role, path }) => `${role} ${path}`)).toEqual([
      'ntp /etc/chrony.conf',
      'web /etc/web/conf',
    ]);
    expect(set?.validations.map(({ name }) => name)).toEqual(['lint']);
    expect(set?.bootId).toBe('b1');
  });

  it('is none when nothing changes', () => {
    expect(
      buildChangeSet(
        { id: 'x', run: 'r', owner: 'o', confirmWithinSec: 120 },
        desired(),
        observation(),
        NO_SERIALS,
        [],
      ),
    ).toBeUndefined();
  });
});
