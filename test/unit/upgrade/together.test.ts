/** A host whose service comes together with its partner again after the boot: the soak does not wait for that, its end does. */
import { Type } from '@sinclair/typebox';
import { describe, expect, test } from 'vitest';
import { hostRoles } from '../../../src/engine/host-roles.ts';
import { definePlaybook, defineRole } from '../../../src/playbook/define.ts';
import { file } from '../../../src/resources/index.ts';
import { CONFIG, CONTENT } from './fake-os-wire.ts';
import { expectCalm, states, World } from './world.ts';

/** `looks`: so many times a host says of itself that it is on its way, once it runs the new release; then what `then` says. */
async function upgraded(
  looks: number,
  then: { readonly ok: boolean; readonly detail: string; readonly settling?: boolean },
) {
  const world = new World();
  const asked = new Map<string, number>();
  const judge = (host: string) => {
    if (world.of(host).version !== 'new') return { ok: true, detail: 'serves' };
    const times = (asked.get(host) ?? 0) + 1;
    asked.set(host, times);
    return times > looks ? then : { ok: false, detail: 'reads its leases', settling: true };
  };
  const role = defineRole({
    name: 'web',
    description: 'a file, and a partner',
    service: 'pair',
    vars: Type.Object({}),
    resources: () => [file(CONFIG, { content: CONTENT })],
    probes: ({ host: { name } }) => [
      {
        kind: 'host',
        host: name,
        service: 'pair',
        name: 'state',
        argv: ['ask-the-pair'],
        timeoutSec: 5,
        judge: () => judge(name),
      },
    ],
  });
  const playbooks = [definePlaybook({ name: 'deploy-web', hosts: 'dns', roles: [role] })];
  const { roles } = hostRoles({ playbooks, inventory: world.inventory, zones: () => [] });
  return { world, summary: await world.upgrade({ playbooks, roles }) };
}

describe.concurrent('a roll-out', { timeout: 90_000 }, () => {
  test('ends a host once its service is together again, and tells how long that took', async () => {
    const { world, summary } = await upgraded(4, { ok: true, detail: 'serves' });
    expect(states(summary)).toBe('changed changed');
    expectCalm(world);
    const told = world.events.flatMap((event) => (event.event === 'host-done' ? [event.message] : []));
    expect(told).toHaveLength(2);
    for (const message of told) expect(message).toMatch(/ · pair together again \d\.\d s · soaked /);
    // Nobody is told of a failure that was none.
    expect(world.events.filter((event) => event.event === 'probe' && !event.result.ok)).toEqual([]);
  });

  test('takes a host back whose service fails on the way', async () => {
    const { world, summary } = await upgraded(2, { ok: false, detail: 'terminated' });
    expect(states(summary)).toBe('skipped reverted');
    expect(summary.hosts['ns2']?.error?.detail.join()).toContain('terminated');
    expectCalm(world);
  });
});
