/** Every zone of the corpus means what its comments say. That CoreDNS agrees is proven by test/lab/zone-corpus.test.ts. */
import { describe, expect, it } from 'vitest';
import { parseRendered } from '../../../src/dns/parse-rendered.ts';
import { renderZone } from '../../../src/dns/render.ts';
import { corpus, parseCorpusZone } from '../../corpus/zones/corpus.ts';

describe('good zones', () => {
  it.each(corpus('good'))('$name is taken, with the warnings that it names', (zone) => {
    const { zone: parsed, problems } = parseCorpusZone(zone);
    expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(problems.map(({ code, where }) => `${code} ${where.line}`)).toEqual(zone.warnings);
    expect(parsed?.records.length).toBeGreaterThan(1);
  });

  it.each(corpus('good'))('$name rendered and read again is the same zone', (zone) => {
    const { zone: parsed } = parseCorpusZone(zone);
    if (parsed === undefined) throw new Error('refused');
    const text = renderZone(parsed, 2026112001);
    const again = parseRendered(text, zone.origin);
    expect(again?.serial).toBe(2026112001);
    expect(again && renderZone(again, 2026112001)).toBe(text);
  });
});

describe('bad zones', () => {
  it.each(corpus('bad'))('$name is refused for the reason and at the line that it names', (zone) => {
    const { zone: parsed, problems } = parseCorpusZone(zone);
    const errors = problems.filter(({ severity }) => severity === 'error');
    expect(errors.map(({ code, where }) => `${code} ${where.line}`)).toEqual([zone.refused]);
    expect(parsed).toBeUndefined();
    expect(errors[0]?.remedy.length).toBeGreaterThan(10);
    expect(errors[0]?.excerpt.length).toBeGreaterThan(0);
  });
});
