/** The peer gate: nobody touches the last member that serves. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type MemberHealth, peerGate, redundancyGroup } from '../../../src/engine/redundancy.ts';
import type { Inventory } from '../../../src/inventory/model.ts';
import { host } from './build.ts';

const group = (minHealthy: number) => ({ name: 'dns', members: [host('ns1'), host('ns2'), host('ns3')], minHealthy });
const member = (name: string, seen: Partial<MemberHealth> = {}): MemberHealth => ({
  name,
  serves: true,
  answers: true,
  confirmed: true,
  failed: [],
  ...seen,
});
const dead = { serves: false, answers: false };

describe('peerGate', () => {
  it('lets a serving host be touched while a peer serves', () => {
    expect(peerGate(group(1), member('ns1'), [member('ns2')])).toEqual({ open: true, why: 'peers-serve' });
  });

  it('refuses to touch the last member that serves, and names the others', () => {
    expect(peerGate(group(1), member('ns1'), [member('ns2', dead)])).toMatchObject({
      open: false,
      healthy: [],
      missing: [{ name: 'ns2' }],
    });
  });

  it('lets a host that does not serve be repaired', () => {
    expect(peerGate(group(1), member('ns1', dead), [member('ns2', dead)])).toEqual({ open: true, why: 'repair' });
  });

  it('lets a service begin that was never confirmed and that nobody answers', () => {
    expect(
      peerGate(group(1), member('ns1', { ...dead, confirmed: false }), [member('ns2', { ...dead, confirmed: false })]),
    ).toEqual({ open: true, why: 'not-in-service' });
  });

  it('protects a pair that was set up by hand', () => {
    expect(
      peerGate(group(1), member('ns1', { confirmed: false }), [member('ns2', { ...dead, confirmed: false })]),
    ).toMatchObject({ open: false });
  });

  it('never opens for a serving host unless enough others serve', () => {
    const health = fc
      .record({ serves: fc.boolean(), confirmed: fc.boolean() })
      .map(({ serves, confirmed }) => member('x', { serves, answers: serves, confirmed }));
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3 }),
        fc.array(health, { maxLength: 4 }),
        fc.boolean(),
        (minHealthy, others, confirmed) => {
          const verdict = peerGate(group(minHealthy), member('t', { confirmed }), others);
          expect(verdict.open).toBe(others.filter(({ serves }) => serves).length >= minHealthy);
        },
      ),
    );
  });
});

describe('redundancyGroup', () => {
  const inventory = (vars: object): Inventory => ({
    dir: '/',
    hosts: new Map(),
    varNames: new Map(),
    groups: new Map([['dns', { name: 'dns', children: [], hosts: ['ns1', 'ns2'], vars: vars as never }]]),
  });

  it('wants one other member by default, and none in a group of one', () => {
    expect(redundancyGroup(inventory({}), 'dns', [host('ns1'), host('ns2')]).minHealthy).toBe(1);
    expect(redundancyGroup(inventory({}), 'dns', [host('ns1')]).minHealthy).toBe(0);
  });

  it('reads the group’s var', () => {
    expect(
      redundancyGroup(inventory({ redundancy: { minHealthy: 2 } }), 'dns', [host('ns1'), host('ns2'), host('ns3')])
        .minHealthy,
    ).toBe(2);
  });
});
