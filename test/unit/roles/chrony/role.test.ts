/** The role as the engine plans it: what restarts, what reloads, what is asked. */
import { describe, expect, it } from 'vitest';
import { chrony } from '../../../../roles/chrony/index.ts';
import { desiredHost } from '../../../../src/engine/desired.ts';
import type { Observation, PathState } from '../../../../src/engine/observation.ts';
import { plan } from '../../../../src/engine/plan.ts';
import { contentSha256, desiredContent } from '../../../../src/engine/plan-files.ts';
import type { VarValue } from '../../../../src/inventory/model.ts';
import { use } from '../../../../src/playbook/define.ts';
import { active, observation } from '../../engine/build.ts';
import { contextOf, type Options } from './context.ts';

const desired = (vars: Record<string, VarValue> = {}, options: Options = {}) => {
  const { host, members, inventory } = contextOf(vars, options);
  return desiredHost(host, { uses: [use(chrony)], members, inventory, zones: () => [] });
};

/** A host on which everything is as these vars describe it, and chronyd says so. */
function converged(vars: Record<string, VarValue> = {}, options: Options = {}): Observation {
  const { resources } = desired(vars, options);
  const paths = resources.flatMap(({ resource }): [string, PathState][] => {
    if (!('path' in resource)) return [];
    const { path, mode, owner, group } = resource;
    const base = { mode, owner, group, size: 0, mtime: 0 };
    if (resource.kind === 'directory') return [[path, { ...base, type: 'directory' }]];
    return [[path, { ...base, type: 'file', sha256: contentSha256(desiredContent(resource, new Map()), undefined) }]];
  });
  return {
    ...observation(),
    paths: new Map(paths),
    units: new Map([['chronyd.service', { ...active, unitFile: 'enabled' }]]),
    commandsSatisfied: new Map([['command:chrony sources', true]]),
  };
}

const planned = (vars: Record<string, VarValue>, seen: Observation, options?: Options) =>
  plan({ desired: desired(vars, options), observation: seen, serials: new Map() }).map(
    ({ id, action }) => `${action} ${id.replace(/.*\//, '')}`,
  );

describe('the role chrony', () => {
  const before = { servers: ['a.example'] };

  it('plans nothing on a host that is as described', () => {
    expect(planned(before, converged(before))).toEqual([]);
  });

  it('reloads for other upstreams, and does not restart', () => {
    const seen = { ...converged(before), commandsSatisfied: new Map() };
    expect(planned({ servers: ['a.example', 'b.example'] }, seen)).toEqual([
      'update upstream.sources',
      'reload unit:chronyd.service',
      'run command:chrony sources',
      'run command:chrony synchronisation',
    ]);
  });

  it('reloads when another host joins the pair', () => {
    const seen = { ...converged(before), commandsSatisfied: new Map() };
    expect(planned(before, seen, { members: ['192.0.2.12', '192.0.2.13'] })).toContain('reload unit:chronyd.service');
  });

  it('restarts for everything else, and waits for a source', () => {
    expect(planned({ ...before, allow: ['198.51.100.0/24'] }, converged(before))).toEqual([
      'update chrony.conf',
      'restart unit:chronyd.service',
      'run command:chrony synchronisation',
    ]);
  });

  it('brings back a source that chronyd has lost, without touching a file', () => {
    const seen = { ...converged(before), commandsSatisfied: new Map([['command:chrony sources', false]]) };
    expect(planned(before, seen)).toEqual(['run command:chrony sources']);
  });

  it('validates each file that it writes', () => {
    const written = desired(before).resources.flatMap(({ resource }) => (resource.kind === 'file' ? [resource] : []));
    expect(written.map(({ path, validate }) => [path, validate?.preview.map((one) => one.path)])).toEqual([
      ['/etc/chrony.d/sources/upstream.sources', ['/etc/chrony.d/sources/upstream.sources']],
      ['/etc/chrony.d/sources/peers.sources', ['/etc/chrony.d/sources/peers.sources']],
      ['/etc/chrony.conf', ['/etc/chrony.conf']],
      ['/etc/systemd/system/chronyd.service.d/50-coreos-infra.conf', undefined],
    ]);
  });

  it('gives chronyd.service a reload', () => {
    const dropIn = desired().resources.find(({ resource }) => resource.id.endsWith('50-coreos-infra.conf'))?.resource;
    expect(dropIn).toMatchObject({
      content:
        '[Service]\nExecReload=\nExecReload=+/usr/bin/chronyc rekey\nExecReload=+/usr/bin/chronyc reload sources\nRestart=on-failure\nRestartSec=5\n',
    });
  });

  it('is asked for the time on the host’s own address', () => {
    expect(desired().probes(new Map())).toEqual([
      { kind: 'unit', unit: 'chronyd.service' },
      {
        kind: 'ntp',
        server: '192.0.2.11',
        port: 123,
        localStratum: 10,
        maxOffsetMs: 1000,
        maxRootDistanceMs: 1500,
      },
    ]);
  });

  it('is not asked for the time where it serves nobody', () => {
    expect(desired({ allow: [] }).probes(new Map())).toEqual([{ kind: 'unit', unit: 'chronyd.service' }]);
  });
});
