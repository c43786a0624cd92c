import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EmptySelectionError, PatternSyntaxError, UnknownPatternError } from '../../../src/inventory/errors.ts';
import type { Inventory } from '../../../src/inventory/model.ts';
import { type SelectOptions, selectHosts } from '../../../src/inventory/pattern.ts';
import { catching, loadTree } from './tree.ts';

const HOSTS = `all:
  hosts: {"ns[1:4]": , "2001:db8::1": , a.example: }
  children:
    dns: {hosts: {"ns[1:3]": }}
    ntp: {hosts: {"ns[2:4]": }}
    dc1: {hosts: {ns1: , ns3: }}
    dc2: {hosts: {ns2: , ns4: }}
    spare:
`;

function select(pattern: string, options?: SelectOptions): readonly string[] {
  return selectHosts(loadTree(HOSTS), pattern, options).map(({ name }) => name);
}

test.each([
  ['all', ['ns1', 'ns2', 'ns3', 'ns4', '2001:db8::1', 'a.example']],
  ['dns', ['ns1', 'ns2', 'ns3']],
  ['dns:&dc1', ['ns1', 'ns3']],
  ['dns:&dc1:!ns3', ['ns1']],
  ['!ns1:dns', ['ns2', 'ns3']],
  ['!dns:!ntp', ['2001:db8::1', 'a.example']],
  ['&dns', ['ns1', 'ns2', 'ns3']],
  ['ns3, ns1', ['ns1', 'ns3']],
  ['ns3:ns1', ['ns1', 'ns3']],
  ['ns?', ['ns1', 'ns2', 'ns3', 'ns4']],
  ['ns[ab3]', ['ns3']],
  ['ns[!12]', ['ns3', 'ns4']],
  ['d*', ['ns1', 'ns2', 'ns3', 'ns4']],
  ['*.example', ['a.example']],
  ['~ns[12]$', ['ns1', 'ns2']],
  ['~ns(1|2):&dc1', ['ns1']],
  ['~(?:ns1|ns4)', ['ns1', 'ns4']],
  ['~n.{1,2}', ['ns1', 'ns2', 'ns3', 'ns4']],
  ['~(?i)NS1', ['ns1']],
  ['dns[0]', ['ns1']],
  ['dns[-1]', ['ns3']],
  ['dns[0:1]', ['ns1', 'ns2']],
  ['dns[1:]', ['ns2', 'ns3']],
  ['ntp[0]:dc1[0]', ['ns1', 'ns2']],
  ['ns[1:2]', ['ns1', 'ns2']],
  ['dns:!ns[2:3]', ['ns1']],
  ['2001:db8::1', ['2001:db8::1']],
  ['all:!2001:db8::1:!a.example', ['ns1', 'ns2', 'ns3', 'ns4']],
  ['2001:db8::1,ns1', ['ns1', '2001:db8::1']],
  ['ungrouped', ['2001:db8::1', 'a.example']],
])('%s selects %j, in the order of the inventory', (pattern, names) => {
  expect(select(pattern)).toEqual(names);
});

test('a limit narrows the pattern, whatever its order', () => {
  expect(select('dns', { limit: 'ns4,ns3' })).toEqual(['ns3']);
  expect(select('dns', { limit: '!ns2' })).toEqual(['ns1', 'ns3']);
});

test('a limit file names one host or pattern a line', () => {
  const readFile = (path: string): string => (path === 'retry.txt' ? '# failed last night\nns3\n\n  dc2 \r\n' : '');
  expect(select('dns', { limit: '@retry.txt', readFile })).toEqual(['ns2', 'ns3']);
  expect(select('dns', { limit: '@retry.txt,ns1,!ns3', readFile })).toEqual(['ns1', 'ns2']);
  expect(catching(EmptySelectionError, () => select('dns', { limit: '@none.txt', readFile })).message).toBe(
    'the limit file none.txt names no hosts',
  );
  expect(catching(PatternSyntaxError, () => select('dns', { limit: '@/gone/file' })).message).toContain(
    'the limit file /gone/file cannot be read',
  );
});

test.each([
  ['dsn', 'the inventory has no host and no group "dsn"', 'Did you mean "dns"?'],
  ['dns:!ns7', 'the inventory has no host and no group "ns7" (in "!ns7")', 'Did you mean "ns1"?'],
  [
    'dns:&zone',
    'the inventory has no host and no group "zone" (in "&zone")',
    'Known are all, dns, ntp, dc1, dc2, spare, ns1, ns2 and 4 more.',
  ],
  [
    'web[0]',
    'the inventory has no host and no group "web" (in "web[0]")',
    'Known are all, dns, ntp, dc1, dc2, spare, ns1, ns2 and 4 more.',
  ],
  ['ns[3:9]', 'the inventory has no host and no group "ns5" (in "ns[3:9]")', 'Did you mean "ns1"?'],
])('%s names something unknown, which is an error with the nearest name', (pattern, message, remedy) => {
  const error = catching(UnknownPatternError, () => select(pattern));
  expect([error.message, error.remedy, error.exitCode]).toEqual([message, remedy, 1]);
});

test.each([
  ['spare', 'the pattern "spare" selects no host'],
  ['dc1:&dc2', 'the pattern "dc1:&dc2" selects no host'],
  ['x*', 'the pattern "x*" selects no host'],
  ['all:!all', 'the pattern "all:!all" selects no host'],
  ['dns[5]', '"dns[5]" counts past the end: there are 3 hosts'],
])('%s is right but selects nothing, which is an error of its own', (pattern, message) => {
  expect(catching(EmptySelectionError, () => select(pattern)).message).toBe(message);
});

test('a limit that leaves nothing tells what the pattern has', () => {
  const error = catching(EmptySelectionError, () => select('dc1', { limit: 'ns2' }));
  expect([error.message, error.remedy]).toEqual([
    'no host is in both "dc1" and the limit "ns2"',
    '"dc1" has ns1, ns3.',
  ]);
  expect(select('dc1', { limit: 'ns2', allowEmpty: true })).toEqual([]);
});

test.each([
  ['', 'an empty pattern selects nothing'],
  [' , ', 'an empty pattern selects nothing'],
  ['dns:!', '"!" in the pattern "dns:!" names nothing'],
  ['~(ns', '"~(ns" is not a regular expression'],
  ['ns[1', '"ns[1" has a "[" without a "]"'],
])('"%s" cannot be read as a pattern', (pattern, message) => {
  expect(catching(PatternSyntaxError, () => select(pattern)).message).toContain(message);
});

/** The sets that a pattern means, by the definition and without any of our code. */
function model(
  groups: Readonly<Record<string, readonly string[]>>,
  hosts: readonly string[],
  terms: readonly Term[],
): readonly string[] {
  const members = ({ name }: Term): readonly string[] => (name === 'all' ? hosts : (groups[name] ?? [name]));
  const having = (sign: string): readonly Term[] => terms.filter((term) => term.sign === sign);
  const base =
    having('').length === 0 ? hosts : hosts.filter((host) => having('').some((term) => members(term).includes(host)));
  return base.filter(
    (host) =>
      having('&').every((term) => members(term).includes(host)) &&
      !having('!').some((term) => members(term).includes(host)),
  );
}

interface Term {
  readonly sign: string;
  readonly name: string;
}

const hostNames = ['h1', 'h2', 'h3', 'h4', 'h5', '2001:db8::5'];
const arbitraryGroups = fc.record({
  red: fc.subarray(hostNames),
  green: fc.subarray(hostNames),
  blue: fc.subarray(hostNames),
});
const arbitraryTerm = fc.record({
  sign: fc.constantFrom('', '', '&', '!'),
  name: fc.constantFrom('all', 'red', 'green', 'blue', ...hostNames),
});

test('any list of terms selects what sets of names select', () => {
  fc.assert(
    fc.property(
      arbitraryGroups,
      fc.array(arbitraryTerm, { minLength: 1, maxLength: 6 }),
      fc.constantFrom(',', ', ', ':'),
      (groups, terms, separator) => {
        // A bare IPv6 address between colons is ambiguous: Ansible says to use commas, and so do we.
        fc.pre(
          separator !== ':' ||
            terms.every(
              ({ sign, name }) => !name.includes(':') || (sign !== '' && terms.every((term) => term.sign !== '')),
            ),
        );
        const inventory = fakeInventory(groups);
        const pattern = terms.map(({ sign, name }) => sign + name).join(separator);
        const selected = selectHosts(inventory, pattern, { allowEmpty: true }).map(({ name }) => name);
        expect(selected).toEqual(model(groups, hostNames, terms));
      },
    ),
    { numRuns: 400 },
  );
});

test('globs select what they describe, letter by letter', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', '.', '-', '1'), minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(fc.uniqueArray(letters, { minLength: 1, maxLength: 6 }), letters, fc.nat(4), (names, glob, at) => {
      const pattern = `${glob.slice(0, at)}*${glob.slice(at)}`;
      fc.pre(!'all'.startsWith(glob.slice(0, at)) || !'all'.endsWith(glob.slice(at))); // the group `all` matches too
      const [before, after] = [glob.slice(0, at), glob.slice(at)];
      const expected = names.filter(
        (name) => name.length >= before.length + after.length && name.startsWith(before) && name.endsWith(after),
      );
      expect(selectHosts(fakeInventory({}, names), pattern, { allowEmpty: true }).map(({ name }) => name)).toEqual(
        expected,
      );
    }),
  );
});

function fakeInventory(
  groups: Readonly<Record<string, readonly string[]>>,
  hosts: readonly string[] = hostNames,
): Inventory {
  const host = (name: string) => ({
    name,
    address: name,
    prefix: 24,
    ssh: { address: name, port: 22, user: 'core' },
    groups: [],
    vars: {},
    origin: () => undefined,
  });
  const group = (name: string, members: readonly string[]) => ({ name, children: [], hosts: members, vars: {} });
  return {
    dir: '/',
    hosts: new Map(hosts.map((name) => [name, host(name)])),
    groups: new Map(
      [...Object.entries(groups), ['all', hosts] as const].map(([name, members]) => [name, group(name, members)]),
    ),
    varNames: new Map(),
  };
}
