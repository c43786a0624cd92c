/** Errors as people read them. */
import { expect, test } from 'vitest';
import type { ErrorReport } from '../../../src/engine/events.ts';
import { errorText, type SourceLine } from '../../../src/report/error-text.ts';
import { createStyle } from '../../../src/report/style.ts';

const style = createStyle({ colour: false, columns: 100, unicode: true });
const shorten = (path: string): string => path.replace('/srv/dns/', '');

function text(error: Partial<ErrorReport>, source: readonly SourceLine[] = []): string {
  const whole = {
    code: 'E_ZONE',
    message: 'CNAME beside other data',
    detail: [],
    remedy: 'Remove line 16 or line 17.',
    ...error,
  };
  return errorText({ error: whole, style, source, shorten }).join('\n');
}

test('an error of a file shows the place, the line with the one before it, and the remedy', () => {
  const source = [
    { number: 9, text: 'www   IN A     192.0.2.10' },
    { number: 10, text: 'www   IN CNAME web.example.net.' },
  ];
  expect(
    text({ file: '/srv/dns/inventory/zones/db.example.com', line: 10 }, source),
  ).toBe(`✖ inventory/zones/db.example.com:10: CNAME beside other data
     9  www   IN A     192.0.2.10
    10  www   IN CNAME web.example.net.
  Remove line 16 or line 17.`);
});

test('a message that names its file keeps its wording, with a shorter path', () => {
  expect(
    text({ message: '/srv/dns/playbooks/a.ts:3:1: Unexpected "x"', file: '/srv/dns/playbooks/a.ts', line: 3 }),
  ).toContain('✖ playbooks/a.ts:3:1: Unexpected "x"\n');
  expect(text({ message: 'inventory/hosts.yaml:3: no such group', file: 'inventory/hosts.yaml', line: 3 })).toContain(
    '✖ inventory/hosts.yaml:3: no such group\n',
  );
});

test('a detail that quotes the source line makes the excerpt superfluous', () => {
  const source = [{ number: 10, text: '  www IN CNAME web' }];
  expect(text({ file: '/a', line: 10, detail: ['10  www IN CNAME web'] }, source).match(/www IN CNAME/g)).toHaveLength(
    1,
  );
});

test('every further line of a message, detail and remedy is indented and printable', () => {
  expect(text({ message: 'two\nlines', detail: ['a\tb', 'c\x1b[31md'], remedy: 'One.\nTwo.' })).toBe(
    '✖ two\n    lines\n    a  b\n    cd\n  One.\n  Two.',
  );
});
