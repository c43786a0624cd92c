import { describe, expect, it } from 'vitest';
import { expand, GenerateFault, parseRange } from '../../../src/dns/generate.ts';

const lines = (template: string, range: string): string[] => [...expand(template, parseRange(range))];

describe('$GENERATE', () => {
  it.each([
    ['host-$ A 192.0.2.$', '1-3', ['host-1 A 192.0.2.1', 'host-2 A 192.0.2.2', 'host-3 A 192.0.2.3']],
    ['h${0,3,d}', '8-10/2', ['h008', 'h010']],
    ['h${-8,2,o}', '16-16', ['h10']],
    ['h${1,0,x}.${1,4,X}', '254-254', ['hff.00FF']],
    ['h${+5}', '1-1', ['h6']],
    ['cost$$ \\$ $', '7-7', ['cost$ $ 7']],
    ['$', '0-2', ['0', '1', '2']],
  ])('%s over %s', (template, range, expected) => {
    expect(lines(template, range)).toEqual(expected);
  });

  it.each([
    ['$', '3-1'],
    ['$', '1-'],
    ['$', '1-2/0'],
    ['$', '-1-2'],
    ['$', '0-65536'],
    ['${1,2,n}', '1-2'],
    ['${1', '1-2'],
    ['${-5}', '1-9'],
    ['${2147483647}', '1-2'],
    ['${0,256}', '1-2'],
    ['a\\.b$', '1-2'],
  ])('%s over %s is refused', (template, range) => {
    expect(() => lines(template, range)).toThrow(GenerateFault);
  });
});
