/** Which release a fleet goes to, and by which hops. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { obstacle, rolloutProgress, type UpdateGraph } from '../../../src/upgrade/graph.ts';
import { parseWanted, sameRelease, type Wanted } from '../../../src/upgrade/release.ts';
import { chooseTarget, type HostRelease, legsOf, type TargetInput } from '../../../src/upgrade/target.ts';
import { anyGraph, checksum, graph, release } from './graphs.ts';

const host = (name: string, version: string, more: Partial<HostRelease> = {}): HostRelease => ({
  host: name,
  origin: 'ostree',
  booted: release(version),
  ...more,
});

const choose = (input: Partial<TargetInput> & Pick<TargetInput, 'hosts'>): ReturnType<typeof chooseTarget> =>
  chooseTarget({
    wanted: { kind: 'latest' },
    graphs: new Map(),
    denied: [],
    allowDenied: false,
    allowDowngrade: false,
    wariness: 0.5,
    nowSec: 1_000_000,
    ...input,
  });

const by = (one: UpdateGraph): Pick<TargetInput, 'graphs'> => ({ graphs: new Map([['ostree', one]]) });
const version = (text: string): Wanted => ({ kind: 'version', version: text });
const versions = (hops: readonly { readonly version: string }[]): readonly string[] => hops.map((hop) => hop.version);

/** a → barrier b → c, d; d is the newest. */
const line = graph(
  [{ version: 'a' }, { version: 'b', barrier: true }, { version: 'c' }, { version: 'd' }],
  [
    [0, 1],
    [1, 3],
    [2, 3],
  ],
);

describe('--to', () => {
  test('takes latest, versions and digests', () => {
    expect(parseWanted('latest')).toEqual({ kind: 'latest' });
    expect(parseWanted('44.20261115.3.0')).toEqual(version('44.20261115.3.0'));
    expect(parseWanted(`sha256:${'a'.repeat(64)}`)).toEqual({ kind: 'digest', digest: `sha256:${'a'.repeat(64)}` });
    expect(parseWanted('b'.repeat(64))).toEqual({ kind: 'digest', digest: `sha256:${'b'.repeat(64)}` });
  });

  test.each(['', '-r', '--reboot', 'sha256:abc', 'a b', '44;reboot', '$(reboot)', 'revision=x', "44'", 'x\n'])(
    'refuses %j',
    (text) => {
      expect(parseWanted(text)).toBeUndefined();
    },
  );
});

describe('by the update graph', () => {
  test('barriers are taken one hop at a time, and each host by its own way', () => {
    const { target, routes } = choose({ hosts: [host('ns1', 'a'), host('ns2', 'c')], ...by(line) });
    expect(target.version).toBe('d');
    expect(routes.map(({ hops }) => versions(hops))).toEqual([['b', 'd'], ['d']]);
    expect(legsOf(routes).map(({ to, hosts }) => [to.version, hosts])).toEqual([
      ['b', ['ns1']],
      ['d', ['ns1', 'ns2']],
    ]);
  });

  test('a host that is there stays', () => {
    const { routes } = choose({ hosts: [host('ns1', 'd'), host('ns2', 'c')], ...by(line) });
    expect(routes.map(({ direction }) => direction)).toEqual(['none', 'upgrade']);
  });

  test('a release that is rolled out to less of the world than we are wary of is left alone, and told', () => {
    const rolling = graph(
      [{ version: 'a' }, { version: 'b' }, { version: 'c', rollout: { start: 1_000_000 - 600, minutes: 60 } }],
      [
        [0, 1],
        [0, 2],
        [1, 2],
      ],
    );
    const wary = choose({ hosts: [host('ns1', 'a')], ...by(rolling) });
    expect([wary.target.version, wary.notes[0]]).toEqual([
      'b',
      expect.stringContaining('c is newer and not taken: it is being rolled out: 16 % by now'),
    ]);
    expect(choose({ hosts: [host('ns1', 'a')], ...by(rolling), wariness: 0.1 }).target.version).toBe('c');
    const named = choose({ hosts: [host('ns1', 'a')], ...by(rolling), wanted: version('c') });
    expect([named.target.version, named.notes]).toEqual(['c', ['c is still being rolled out (16 % by now)']]);
  });

  test('what a host went back from is passed over, with who and why', () => {
    const denied = [{ ...release('d'), host: 'ns2', reason: 'dns is silent', at: '2026-11-21T00:00:00Z' }];
    const more = graph(
      [{ version: 'a' }, { version: 'c' }, { version: 'd' }],
      [
        [0, 1],
        [0, 2],
      ],
    );
    const { target, notes } = choose({ hosts: [host('ns1', 'a')], ...by(more), denied });
    expect(target.version).toBe('c');
    expect(notes[0]).toBe(
      'd is newer and not taken: d is on the deny list: ns2 went back from it on 2026-11-21 (dns is silent)',
    );
    expect(() => choose({ hosts: [host('ns1', 'a')], ...by(more), denied, wanted: version('d') })).toThrow(
      'd is on the deny list: ns2',
    );
    expect(choose({ hosts: [host('ns1', 'a')], ...by(more), denied, allowDenied: true }).target.version).toBe('d');
  });

  test('a dead end is neither gone to nor away from', () => {
    const dead = graph(
      [{ version: 'a', deadEnd: 'reinstall' }, { version: 'b' }, { version: 'c', deadEnd: 'broken' }],
      [
        [0, 1],
        [1, 2],
      ],
    );
    expect(() => choose({ hosts: [host('ns1', 'a'), host('ns2', 'b')], ...by(dead) })).toThrow(
      'no release that all of these hosts can get to',
    );
    expect(() => choose({ hosts: [host('ns1', 'a')], ...by(dead), wanted: version('b') })).toThrow(
      'ns1 is at a dead end, a: reinstall',
    );
    expect(() => choose({ hosts: [host('ns2', 'b')], ...by(dead), wanted: version('c') })).toThrow(
      'c is a dead end: no update leads away from it (broken)',
    );
  });

  test('a host that the graph does not know is no reason to guess', () => {
    expect(() => choose({ hosts: [host('ns1', 'x')], ...by(line) })).toThrow(
      'ns1 runs x, which the update graph does not know',
    );
  });

  test('a named release that nothing leads to any more is gone to over the barriers between', () => {
    const { routes } = choose({ hosts: [host('ns1', 'a')], ...by(line), wanted: version('c') });
    expect(versions(routes[0]?.hops ?? [])).toEqual(['b', 'c']);
  });

  test('an older one needs a word', () => {
    expect(() => choose({ hosts: [host('ns1', 'd')], ...by(line), wanted: version('a') })).toThrow(
      'a is older than what ns1 runs',
    );
    const back = choose({ hosts: [host('ns1', 'd')], ...by(line), wanted: version('a'), allowDowngrade: true });
    expect(back.routes[0]).toMatchObject({ direction: 'downgrade' });
  });
});

describe('by the hosts’ own remotes', () => {
  const tip = release('n', 2_000);
  const at = (name: string, booted: string, when: number, resolved = tip): HostRelease =>
    host(name, booted, { booted: release(booted, when), resolved });

  test('the tip is the target, whatever its number', () => {
    const { routes, target } = choose({ hosts: [at('ns1', 'z', 1_000), at('ns2', 'n', 2_000)] });
    expect([target.version, routes.map(({ direction }) => direction)]).toEqual(['n', ['upgrade', 'none']]);
  });

  test('older or newer is what the commits’ times say', () => {
    expect(() => choose({ hosts: [at('ns1', 'a', 3_000)] })).toThrow('n is older than what ns1 runs');
    expect(choose({ hosts: [at('ns1', 'a', 3_000)], allowDowngrade: true }).routes[0]?.direction).toBe('downgrade');
  });

  test('two tips are no target', () => {
    expect(() => choose({ hosts: [at('ns1', 'a', 1), at('ns2', 'a', 1, release('m', 2_000))] })).toThrow(
      'latest is not one release',
    );
  });

  test('of an ostree and an image origin the version says that it is one release', () => {
    const image = { version: 'n', digest: `sha256:${'c'.repeat(64)}` };
    const mixed = [
      at('ns1', 'a', 1),
      {
        host: 'ns2',
        origin: 'oci' as const,
        booted: { version: 'a', digest: `sha256:${'d'.repeat(64)}` },
        resolved: image,
      },
    ];
    expect(choose({ hosts: mixed }).target).toMatchObject({
      version: 'n',
      checksum: checksum('n'),
      digest: image.digest,
    });
  });

  test('a denied tip is refused by name', () => {
    const denied = [{ ...release('n'), host: 'ns2', reason: '', at: '' }];
    expect(() => choose({ hosts: [at('ns1', 'a', 1)], denied })).toThrow(
      'n is on the deny list: ns2 went back from it',
    );
  });
});

describe('on any graph', () => {
  const inputs = fc.record({
    one: anyGraph,
    at: fc.array(fc.nat({ max: 8 }), { minLength: 1, maxLength: 3 }),
    bad: fc.array(fc.nat({ max: 8 }), { maxLength: 3 }),
    wariness: fc.double({ min: 0, max: 1, noNaN: true }),
  });

  test('what is chosen for latest can be reached by all, by edges, over every barrier, and past nothing that is denied, held back or dead', () => {
    fc.assert(
      fc.property(inputs, ({ one, at, bad, wariness }) => {
        const hosts = at.map((index, number) => host(`h${number}`, `v${index % one.nodes.length}`));
        const denied = bad.map((index) => ({ ...release(`v${index}`), host: 'x', reason: '', at: '' }));
        let plan: ReturnType<typeof choose>;
        try {
          plan = choose({ hosts, ...by(one), denied, wariness });
        } catch {
          return;
        }
        const node = (text: string) => one.nodes.find(({ release: { version: name } }) => name === text);
        const isDenied = (candidate: { version: string }): boolean =>
          denied.some(({ version: name }) => name === candidate.version);
        for (const { from, hops } of plan.routes) {
          for (const [index, hop] of hops.entries()) {
            const before = node(index === 0 ? from.version : (hops[index - 1]?.version ?? ''));
            const here = node(hop.version);
            if (before === undefined || here === undefined) throw new Error('a hop outside of the graph');
            expect(one.edges.some(([a, b]) => one.nodes[a] === before && one.nodes[b] === here)).toBe(true);
            expect(one.nodes.some(({ isBarrier, age }) => isBarrier && before.age < age && age < here.age)).toBe(false);
            expect(here.age).toBeGreaterThan(before.age);
            expect(before.deadEnd).toBeUndefined();
            expect(obstacle(here, { isDenied, wariness, nowSec: 1_000_000 })).toBeUndefined();
          }
          expect(sameRelease(hops.at(-1) ?? from, plan.target)).toBe(true);
        }
        expect(node(plan.target.version)?.deadEnd).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });

  test('one that is newer and could be reached by all is never passed over', () => {
    fc.assert(
      fc.property(anyGraph, fc.nat({ max: 8 }), (one, start) => {
        const hosts = [host('h', `v${start % one.nodes.length}`)];
        let chosen: ReturnType<typeof choose>;
        try {
          chosen = choose({ hosts, ...by(one) });
        } catch {
          return;
        }
        const age = one.nodes.find(({ release: { version: name } }) => name === chosen.target.version)?.age ?? -1;
        for (const newer of one.nodes.filter((node) => node.age > age && node.deadEnd === undefined)) {
          const direct = one.edges.some(
            ([a, b]) => one.nodes[b] === newer && one.nodes[a]?.release.version === hosts[0]?.booted.version,
          );
          const open = obstacle(newer, { isDenied: () => false, wariness: 0.5, nowSec: 1_000_000 }) === undefined;
          const from = one.nodes[start % one.nodes.length];
          const jumps = one.nodes.some((node) => node.isBarrier && (from?.age ?? 0) < node.age && node.age < newer.age);
          expect(direct && open && !jumps && from?.deadEnd === undefined).toBe(false);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('the legs take every host along its route, and nobody waits for ever', () => {
    const routes = fc.array(fc.uniqueArray(fc.nat({ max: 6 }), { maxLength: 5 }), { maxLength: 4 });
    fc.assert(
      fc.property(routes, (all) => {
        const given = all.map((hops, index) => ({
          host: `h${index}`,
          from: release('v'),
          hops: hops.map((hop) => release(`v${hop}`)),
          direction: 'upgrade' as const,
        }));
        const legs = legsOf(given);
        for (const { host: name, hops } of given)
          expect(legs.filter(({ hosts }) => hosts.includes(name)).map(({ to }) => to.version)).toEqual(versions(hops));
      }),
    );
  });

  test('a rollout only ever grows, from its start value to all', () => {
    const rollout = fc.record({
      startSec: fc.nat({ max: 1000 }),
      startValue: fc.double({ min: 0, max: 1, noNaN: true }),
      durationMin: fc.integer({ min: 1, max: 50 }),
    });
    fc.assert(
      fc.property(rollout, fc.nat({ max: 9000 }), fc.nat({ max: 9000 }), (one, a, b) => {
        const [early, late] = [Math.min(a, b), Math.max(a, b)];
        expect(rolloutProgress({ rollout: one }, early)).toBeLessThanOrEqual(
          rolloutProgress({ rollout: one }, late) + 1e-9,
        );
      }),
    );
  });
});
