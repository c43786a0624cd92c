/** Nothing that a host says reaches a terminal as a command. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonLine } from '../../../src/report/ndjson.ts';
import { printable, printableLines } from '../../../src/report/sanitize.ts';

const FORBIDDEN = /[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/;
/** Text that is rich in what matters here. */
const hostile = fc.string({
  unit: fc.oneof(
    fc.constantFrom('\x1b', '[', ']', '\x9b', '\x07', '\\', '0', ';', 'm', '\n', '\t', '\u202e'),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  ),
});

test('no control character survives, whatever is mixed', () => {
  fc.assert(fc.property(hostile, (text) => !FORBIDDEN.test(printable(text))));
});

test('text without controls is untouched', () => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => FORBIDDEN.test(text) || printable(text) === text));
  expect(printable('zone bücher.example: 2 → 3 ✔')).toBe('zone bücher.example: 2 → 3 ✔');
});

test('escape sequences go as a whole', () => {
  expect(printable('\x1b[1;31mred\x1b[0m \x1b]8;;http://x\x1b\\link\x1b]8;;\x07 \x1b[2J\x1b(Bend')).toBe(
    'red link end',
  );
});

test('lines are split at LF and CRLF', () => {
  expect(printableLines('a\r\nb\nc')).toEqual(['a', 'b', 'c']);
});

test('a line of JSON is one line, parses to what went in, and holds no terminal control', () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const line = jsonLine({ text });
      return (
        line.indexOf('\n') === line.length - 1 &&
        !FORBIDDEN.test(line.slice(0, -1).replace(/[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g, '')) &&
        JSON.parse(line).text === text
      );
    }),
  );
});
