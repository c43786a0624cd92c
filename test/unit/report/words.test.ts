/** The small words of reports. */
import { expect, test } from 'vitest';
import { truncate } from '../../../src/report/live-text.ts';
import { createStyle, paragraph, visibleWidth } from '../../../src/report/style.ts';
import { styleFor } from '../../../src/report/terminal-style.ts';
import { changesInShort, duration, grouped, names, resourceLabel } from '../../../src/report/words.ts';

test.each([
  [0, '0.0 s'],
  [312, '0.3 s'],
  [9_949, '9.9 s'],
  [9_950, '10 s'],
  [41_000, '41 s'],
  [120_000, '2 min'],
  [391_000, '6 min 31 s'],
  [7_500_000, '2 h 5 min'],
])('%d ms reads %s', (ms, text) => expect(duration(ms)).toBe(text));

test('resources are named by what they are', () => {
  expect(
    ['file:/etc/a', 'directory:/etc/b', 'zone:example.com', 'unit:coredns.service', 'image:quay.io/x:1', 'odd'].map(
      resourceLabel,
    ),
  ).toEqual(['/etc/a', '/etc/b/', 'zone example.com', 'coredns.service', 'image quay.io/x:1', 'odd']);
});

test('lists of hosts read as a sentence, long ones as a number', () => {
  expect([['a'], ['a', 'b'], ['a', 'b', 'c'], ['1', '2', '3', '4', '5', '6', '7']].map(names)).toEqual([
    'a',
    'a and b',
    'a, b and c',
    '7 hosts',
  ]);
});

test('large numbers are grouped by three', () => {
  expect([0, 999, 1204, 18344, 1000000].map(grouped)).toEqual(['0', '999', '1 204', '18 344', '1 000 000']);
});

test('a new zone says its first serial, a deleted one no serial', () => {
  expect(changesInShort([{ resource: 'zone:a.example', action: 'create', detail: 'serial 2026112001 (+4)' }])).toBe(
    'zone a.example created, serial 2026112001 (+4)',
  );
  expect(changesInShort([{ resource: 'zone:a.example', action: 'delete', detail: 'no longer described' }])).toBe(
    'zone a.example deleted',
  );
});

test('a line is cut at the width of the terminal, its colours closed and not counted', () => {
  const style = createStyle({ colour: true, columns: 20, unicode: true });
  const line = `${style.paint('green', '✔ changed')} ${style.paint('dim', 'a long explanation of it')}`;
  expect(visibleWidth(truncate(line, 20))).toBe(20);
  expect(truncate(line, 20)).toContain('\x1b[22m');
  expect(truncate(line, 200)).toBe(line);
});

test('colour is for terminals, and for nobody who set NO_COLOR', () => {
  const paints = (isTTY: boolean, environment: Record<string, string>): boolean =>
    styleFor({ isTTY, columns: 80 }, environment).paint('red', 'x') !== 'x';
  expect(paints(true, {})).toBe(true);
  expect(paints(false, {})).toBe(false);
  expect(paints(true, { NO_COLOR: '1' })).toBe(false);
  expect(paints(true, { NO_COLOR: '' })).toBe(true);
  expect(paints(true, { TERM: 'dumb' })).toBe(false);
  expect(paints(false, { FORCE_COLOR: '1' })).toBe(true);
  expect(paints(false, { FORCE_COLOR: '1', NO_COLOR: '1' })).toBe(false);
});

test('the bare Linux console gets ASCII', () => {
  expect(styleFor({ isTTY: true, columns: 80 }, { TERM: 'linux' }).unicode).toBe(false);
});

test('sentences are broken between words on a terminal, and nowhere else', () => {
  const text = 'Compare it with the one on the console of the host, then accept it.';
  const options = { colour: false, columns: 40, unicode: true };
  expect(paragraph(createStyle({ ...options, wrap: true }), '  ', text)).toEqual([
    '  Compare it with the one on the console',
    '  of the host, then accept it.',
  ]);
  expect(paragraph(createStyle(options), '  ', text)).toEqual([`  ${text}`]);
});
