/** The order of words on a command line. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { firstOperand, operandsFirst } from '../../../src/cli/argv.ts';
import { takesValue } from '../../../src/cli/playbook-options.ts';

const order = (...words: string[]): string => operandsFirst(words, takesValue).join(' ');

test('options before the command are moved behind it, with their values', () => {
  expect(order('-l', 'ns1', '-C', 'deploy-dns', '--diff')).toBe('deploy-dns --diff -l ns1 -C');
  expect(order('--inventory=prod', 'inventory', 'list')).toBe('inventory list --inventory=prod');
});

test('a command in front leaves everything as it is', () => {
  expect(order('deploy-dns', '-l', 'ns1')).toBe('deploy-dns -l ns1');
  expect(order('--help')).toBe('--help');
});

test('what stands behind -- stays behind it', () => {
  expect(order('--lab', 'exec', '--', 'uname', '-r')).toBe('exec --lab -- uname -r');
  expect(order('--', 'x')).toBe('-- x');
});

test('the value of an option is not taken for the command', () => {
  expect(firstOperand(['--limit', 'ns1', 'site'], takesValue)).toEqual({ word: 'site', index: 2 });
  expect(firstOperand(['--check', 'site'], takesValue)?.word).toBe('site');
  expect(firstOperand(['--limit', 'ns1'], takesValue)).toBeUndefined();
});

test('no word is lost or made up', () => {
  const word = fc.oneof(fc.constantFrom('-l', '--limit', '-C', '--', 'ns1', 'deploy-dns', '-vv'), fc.string());
  fc.assert(
    fc.property(
      fc.array(word),
      (words) => [...operandsFirst(words, takesValue)].sort().join('\0') === [...words].sort().join('\0'),
    ),
  );
});
