/** What a booted host means, what keeps it from being upgraded, and the settings and words around it. */
import { describe, expect, test } from 'vitest';
import type { OsDeployment, OsLook, OsSlot } from '../../../src/host/os-look.ts';
import { parseResolved } from '../../../src/host/os-resolve.ts';
import { defineUpgrade } from '../../../src/upgrade/define.ts';
import { denialText, mergeDenied } from '../../../src/upgrade/deny.ts';
import { parseGraph } from '../../../src/upgrade/graph.ts';
import { graphUrl } from '../../../src/upgrade/graph-source.ts';
import { checkOrder, upgradeOrder } from '../../../src/upgrade/order.ts';
import { outcomeOf, preflight } from '../../../src/upgrade/outcome.ts';
import { stateOf } from '../../../src/upgrade/run-resume.ts';
import { settingsFor } from '../../../src/upgrade/settings.ts';
import { span, upgradedText } from '../../../src/upgrade/words.ts';
import { host } from '../engine/build.ts';

const A = `${'a'.repeat(64)}.0`;
const B = `${'b'.repeat(64)}.0`;

function deployment(name: string, more: Partial<OsDeployment> = {}): OsDeployment {
  return {
    name,
    osname: 'fedora-coreos',
    checksum: name.slice(0, 64),
    serial: 0,
    index: 0,
    booted: false,
    staged: false,
    pinned: false,
    locked: false,
    version: name.slice(0, 1),
    timestamp: 1,
    refspec: 'fedora:x',
    image: undefined,
    baseChecksum: name.slice(0, 64),
    layered: [],
    unlocked: 'none',
    ...more,
  };
}

function look(more: Partial<OsLook> = {}): OsLook {
  return {
    bootId: 'boot-2',
    uptimeSec: 1,
    booted: A,
    deployments: [deployment(A, { booted: true })],
    transaction: undefined,
    driver: undefined,
    failure: [],
    kernelArguments: '',
    zincati: { active: 'inactive', enabled: 'enabled', status: '', isHeldBySlot: true },
    denied: [],
    kernelBytes: 100e6,
    freeBytes: { boot: 200e6, var: undefined, sysroot: undefined },
    inhibitors: [],
    finalizeFailure: undefined,
    reconcileFailure: undefined,
    slot: undefined,
    past: [],
    ...more,
  };
}

describe('the outcome of a boot', () => {
  const expected = { from: A, to: B, bootId: 'boot-1' };
  const of = (more: Partial<OsLook>): unknown => outcomeOf(look(more), expected);

  test('is the new release by its name alone', () => {
    expect(of({ booted: B, deployments: [] })).toEqual({ kind: 'new' });
  });

  test('is nothing while the boot is the same', () => {
    expect(of({ bootId: 'boot-1', booted: B })).toEqual({ kind: 'not-rebooted' });
  });

  test('is the old one: not finalised, with its own words where it has any', () => {
    expect(of({})).toMatchObject({ kind: 'old', why: 'not-finalized' });
    expect(of({ finalizeFailure: 'No space left on device' })).toMatchObject({
      words: expect.stringContaining('No space left'),
    });
  });

  test('is the old one: picked at the console, while the new one is still the default', () => {
    expect(of({ deployments: [deployment(B), deployment(A, { index: 1, booted: true })] })).toMatchObject({
      why: 'picked-once',
    });
  });

  test('is the old one: gone back to', () => {
    expect(of({ deployments: [deployment(A, { booted: true }), deployment(B, { index: 1 })] })).toMatchObject({
      why: 'went-back',
    });
  });

  test('is neither, or cannot be read', () => {
    expect(of({ booted: 'c.0' })).toEqual({ kind: 'other', booted: 'c.0' });
    expect(of({ deployments: [], failure: ['no D-Bus'] })).toEqual({ kind: 'unreadable', words: ['no D-Bus'] });
  });
});

describe('a host', () => {
  const obstacle = (more: Partial<OsLook>): string | undefined => preflight(look(more), { host: 'ns1' })?.message;

  test('with nothing in the way can be upgraded', () => expect(obstacle({})).toBeUndefined());

  test.each<[string, Partial<OsLook>, string]>([
    ['whose rpm-ostree is silent', { failure: ['timeout'] }, 'does not answer: timeout'],
    ['that ostree did not boot', { deployments: [] }, 'was not booted from ostree'],
    ['with a transaction', { transaction: 'Deploy' }, 'another rpm-ostree transaction is running on ns1: Deploy'],
    [
      'with a writable /usr',
      { deployments: [deployment(A, { booted: true, unlocked: 'hotfix' })] },
      'is unlocked (hotfix)',
    ],
    [
      'with something staged',
      { deployments: [deployment(B, { staged: true }), deployment(A, { booted: true, index: 1 })] },
      'something else is staged on ns1: b',
    ],
    [
      'with its own release staged once more, as kargs does,',
      { deployments: [deployment('a.1', { staged: true, version: 'a' }), deployment(A, { booted: true, index: 1 })] },
      'the release that ns1 runs is staged there once more',
    ],
    [
      'that waits for a reboot',
      { deployments: [deployment(B), deployment(A, { booted: true, index: 1 })] },
      'waits for a reboot',
    ],
    [
      'whose /boot is full',
      { freeBytes: { boot: 110e6, var: undefined, sysroot: undefined } },
      '/boot of ns1 has 104 MB left',
    ],
  ])('%s is refused', (_what, more, message) => expect(obstacle(more)).toContain(message));

  test('on which Zincati has staged something of its own is not', () => {
    const zincati = { active: 'active', enabled: 'enabled', status: '', isHeldBySlot: true };
    const deployments = [deployment(B, { staged: true, locked: true }), deployment(A, { booted: true, index: 1 })];
    expect(obstacle({ driver: 'Zincati', zincati, deployments })).toBeUndefined();
    expect(obstacle({ driver: 'Zincati', zincati: { ...zincati, active: 'inactive' }, deployments })).toContain(
      'something else is staged',
    );
  });

  test('is taken up where its slot stands', () => {
    const slot = (state: string): OsSlot => ({
      id: 'x',
      run: 'r',
      owner: 'o',
      state: state as OsSlot['state'],
      action: 'upgrade',
      from: A,
      to: B,
      toVersion: 'b',
      target: '',
      cause: '',
      trialBoot: 'boot-2',
      deadlineInSec: 5,
    });
    const at = (booted: string, bootId: string, state: string, then: 'resume' | 'abort' = 'resume') =>
      stateOf({ booted, bootId }, slot(state), then);
    expect(at(A, 'boot-1', 'armed')).toBe('abandoning');
    expect(at(B, 'boot-2', 'applied')).toBe('trial');
    expect(at(B, 'boot-2', 'applied', 'abort')).toBe('going-back');
    expect(at(B, 'boot-3', 'applied')).toBe('going-back');
    expect(at(B, 'boot-2', 'reverting')).toBe('going-back');
    expect(at(B, 'boot-2', 'failed')).toBeUndefined();
  });
});

describe('settings', () => {
  const of = (vars: Parameters<typeof host>[1], upgrade = defineUpgrade({ name: 'upgrade' })) =>
    settingsFor(host('ns1', vars), upgrade);

  test('have defaults that people can live with', () => {
    expect(of({})).toMatchObject({
      soakSec: 300,
      withinSec: 420,
      windows: [],
      graph: undefined,
      wariness: 0.5,
      rebootWithinSec: 600,
      bootBytes: undefined,
    });
  });

  test('of the playbook win over the inventory, and those of the command line over both', () => {
    const upgrade = defineUpgrade({ name: 'upgrade', soak: '1min' });
    expect(of({ upgrade_soak: '20s' }).soakSec).toBe(20);
    expect(of({ upgrade_soak: '20s' }, upgrade).soakSec).toBe(60);
    expect(
      settingsFor(host('ns1', { upgrade_graph: 'https://a' }), upgrade, { soak: '5s', graph: 'none' }),
    ).toMatchObject({ soakSec: 5, graph: undefined });
  });

  test.each([
    [{ upgrade_soak: '20' }, /upgrade_soak/],
    [{ upgrade_soack: '20s' }, /upgrade_soack/],
    [{ upgrade_soak: '2min', upgrade_within: '60s' }, /before its soak of 120 s is over/],
    [{ upgrade_windows: [{ zone: 'Mars/Base', start: '03:00', end: '05:00' }] }, /not a time zone/],
    [{ upgrade_wariness: 2 }, /upgrade_wariness/],
  ])('%j is refused', (vars, message) => expect(() => of(vars)).toThrow(message));

  test('say who goes first', () => {
    const order = (named: string[], standby: string[]) =>
      upgradeOrder({ hosts: ['a', 'b', 'c'], order: named, standby: new Set(standby) });
    expect(order([], [])).toEqual(['c', 'b', 'a']);
    expect(order([], ['a'])).toEqual(['a', 'c', 'b']);
    expect(order(['b'], ['a'])).toEqual(['b', 'a', 'c']);
    expect(() => checkOrder(['x'], ['a'], 0)).toThrow('names x');
    expect(() => checkOrder([], ['a'], -1)).toThrow('maxFailed is -1');
  });
});

describe('what is read', () => {
  test('a graph is one, or refused with the place', () => {
    expect(() => parseGraph('{', 'file x')).toThrow('file x is not an update graph: not JSON');
    expect(() => parseGraph('{"nodes":[{}],"edges":[]}', 'x')).toThrow('node 0 has no version or payload');
    expect(() => parseGraph('{"nodes":[],"edges":[[0,1]]}', 'x')).toThrow('edge 0 leads nowhere');
    const [node] = parseGraph(
      `{"nodes":[{"version":"v","payload":"quay.io/x@sha256:${'c'.repeat(64)}","metadata":{"org.fedoraproject.coreos.scheme":"oci"}}],"edges":[]}`,
      'x',
    ).nodes;
    expect(node?.release).toEqual({ version: 'v', digest: `sha256:${'c'.repeat(64)}` });
  });

  test('a URL gets what the server wants to know, and keeps what it has', () => {
    const request = { dir: '/', basearch: 'x86_64', stream: 'stable', wariness: 0.5 };
    expect(graphUrl({ ...request, origin: 'oci', source: 'https://updates.example' })).toBe(
      'https://updates.example/v1/graph?basearch=x86_64&stream=stable&rollout_wariness=0.5&oci=true',
    );
    expect(graphUrl({ ...request, origin: 'ostree', source: 'http://h/g.json?stream=next' })).toBe(
      'http://h/g.json?stream=next&basearch=x86_64&rollout_wariness=0.5',
    );
    expect(graphUrl({ ...request, origin: 'oci', source: 'graph.json' })).toBeUndefined();
  });

  test('what a remote has is read as data', () => {
    const answer = (value: object) => parseResolved(Buffer.from(`${JSON.stringify(value)}\n`));
    expect(answer({ step: 'resolved', version: 'v\u001b[2J', checksum: 'a'.repeat(64), timestamp: '7' })).toEqual({
      ok: true,
      version: 'v [2J',
      checksum: 'a'.repeat(64),
      timestamp: 7,
    });
    expect(answer({ step: 'resolve', error: 'resolve', message: 'no', detail: ['x'] })).toEqual({
      ok: false,
      message: 'no',
      detail: ['x'],
    });
    expect(() => answer({ step: 'resolved', version: 'v', checksum: 'a; reboot' })).toThrow(
      'did not say which release',
    );
    expect(() => parseResolved(Buffer.from('hello'))).toThrow('did not say which release');
  });
});

describe('words', () => {
  test('of an upgrade that went well', () => {
    const told = {
      fromRelease: { version: 'a' },
      release: { version: 'b' },
      drift: [],
      action: 'upgrade' as const,
      tookMs: { stage: 41_000, reboot: 8_240, soak: 300_000 },
    };
    expect(upgradedText(told)).toBe('a → b · staged 41 s · rebooted 8.2 s · converged · soaked 5 min');
    expect(upgradedText({ ...told, action: 'rollback', drift: ['file:/etc/a'], tookMs: {} })).toBe(
      'a → b · 1 of its files are not as described (file:/etc/a)',
    );
    expect(span(391_000)).toBe('6 min 31 s');
  });

  test('of a denied release, told by several, are said once', () => {
    const one = { version: 'v', checksum: 'a', host: 'ns2', reason: 'dns', at: '2026-11-21T01:02:03Z' };
    expect(mergeDenied([[one], [{ ...one, host: 'ns1', reason: 'ns2: dns' }]])).toEqual([one]);
    expect(denialText(one, { ...one, reason: '', at: '' })).toBe('v is on the deny list: ns2 went back from it');
  });
});
