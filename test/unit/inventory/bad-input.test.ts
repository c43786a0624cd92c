/** Every way in which an inventory can be wrong: what is said of it, with file and line, and what to do. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { InventoryError } from '../../../src/inventory/errors.ts';
import { loadInventory } from '../../../src/inventory/load.ts';
import { catching, problemsOf, writeTree } from './tree.ts';

interface BadCase {
  readonly title: string;
  readonly hosts: string;
  readonly files?: Readonly<Record<string, string>>;
  /** Each as `file:line message → remedy`. */
  readonly problems: readonly string[];
}

const cases = parse(readFileSync(new URL('bad-input.yaml', import.meta.url), 'utf8')) as readonly BadCase[];

test.each(cases)('$title is refused', ({ hosts, files, problems }) => {
  expect(problemsOf(hosts, files ?? {})).toEqual(problems);
});

test('a file that is not UTF-8 is refused', () => {
  expect(problemsOf('all:\n', { 'group_vars/all.yaml': Buffer.from([0x61, 0x3a, 0x20, 0xff, 0x0a]) })).toEqual([
    'group_vars/all.yaml: is not UTF-8 text → Save the file as UTF-8.',
  ]);
});

test('anchors that multiply each other are refused before they fill the memory', () => {
  const rows = [
    'a: &a {vars: {l: [1,1,1,1,1,1,1,1,1]}}',
    ...'bcdefgh'.split('').map(
      (key, i) =>
        `${key}: &${key} {vars: {l: [${Array(9)
          .fill(`*${'abcdefgh'.charAt(i)}`)
          .join(',')}]}}`,
    ),
  ];
  expect(problemsOf(`${rows.join('\n')}\n`)[0]).toMatch(/more than 200000 values: anchors multiply each other/);
});

test('all problems of all files are told in one error, the first with its line, none of them with a secret', () => {
  const dir = writeTree({
    'hosts.yaml': 'all:\n  children: {dns: }\n  vars:\n    core-dns: 1\n    api_token: 0123\n',
    'group_vars/dns.yaml': 'coredns_port: 1\ncoredns_port: 2\n',
  });
  const error = catching(InventoryError, () => loadInventory(dir));
  expect(error.problems).toHaveLength(3);
  expect(error.code).toBe('E_INVENTORY');
  expect(error.exitCode).toBe(1);
  expect(error.message).toBe('"core-dns" cannot be the name of a var (and 2 more problems)');
  expect(error.where).toEqual({ file: `${dir}/hosts.yaml`, line: 4, column: 5 });
  expect(error.detail).toEqual([
    '  4      core-dns: 1',
    '  Use letters, digits and "_", and no digit first. Did you mean "core_dns"?',
    `${dir}/hosts.yaml:5:16: api_token: the number ******** begins with 0: Ansible reads it as octal, others do not`,
    '  5  (not shown: a secret stands here)',
    '  Write "********" in quotes if it is text (a file mode is), or the number without the 0.',
    `${dir}/group_vars/dns.yaml:2:1: "coredns_port" is written twice in one map: on line 1 and on line 2`,
    '  1  coredns_port: 1',
    '  2  coredns_port: 2',
    '  Keep one of the two; YAML would silently take the last.',
  ]);
  expect(error.remedy).toBe('Correct these places in the inventory.');
});

test('a single problem keeps its own remedy, and quotes its line', () => {
  const dir = writeTree({ 'hosts.yaml': 'all:\n  host:\n' });
  const error = catching(InventoryError, () => loadInventory(dir));
  expect([error.message, error.detail, error.remedy]).toEqual([
    'unknown key "host" in group all',
    ['  2    host:'],
    'Did you mean "hosts"?',
  ]);
});

test('a problem in the line of a secret gives the line in words, so that nobody prints it', () => {
  const dir = writeTree({ 'hosts.yaml': 'all:\n  vars:\n    tsig_secret: 0123\n' });
  const error = catching(InventoryError, () => loadInventory(dir));
  expect(error.where).toEqual({ file: `${dir}/hosts.yaml` });
  expect(error.message).toContain(`${dir}/hosts.yaml:3:18: tsig_secret: the number ********`);
  expect(JSON.stringify([error.message, error.detail, error.remedy])).not.toContain('0123');
});
