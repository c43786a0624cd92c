/** Names with ranges, as Ansible expands them: `ns[1:2]`, `ns[01:10:2]`, `rack[a:c]-[1:3]`. Pure. */

export type Expansion = { readonly names: readonly string[] } | { readonly problem: string; readonly remedy: string };

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
/** More hosts than this from one line is a slip. */
const NAMES_MAX = 4096;
const HOW = 'Write a range as [begin:end] or [begin:end:step], such as ns[1:3] or ns[01:10:2].';

/** A name without a range is itself. Several ranges multiply. */
export function expandRanges(pattern: string): Expansion {
  const open = pattern.indexOf('[');
  if (open === -1)
    return pattern.includes(']')
      ? { problem: `"${pattern}" has a "]" without a "["`, remedy: HOW }
      : { names: [pattern] };
  const close = pattern.indexOf(']', open);
  if (close === -1) return { problem: `"${pattern}" has a "[" without a "]"`, remedy: HOW };
  const series = expandOne(pattern.slice(open + 1, close), pattern);
  if ('problem' in series) return series;
  const tails = expandRanges(pattern.slice(close + 1));
  if ('problem' in tails) return tails;
  if (series.names.length * tails.names.length > NAMES_MAX)
    return { problem: `"${pattern}" stands for more than ${NAMES_MAX} hosts`, remedy: 'Use a smaller range.' };
  const head = pattern.slice(0, open);
  return { names: series.names.flatMap((middle) => tails.names.map((tail) => head + middle + tail)) };
}

function expandOne(range: string, pattern: string): Expansion {
  const bounds = range.split(':');
  const [from = '', to = '', step = '1'] = bounds;
  const fail = (why: string, remedy = HOW): Expansion => ({
    problem: `the range [${range}] in "${pattern}" ${why}`,
    remedy,
  });
  if (bounds.length < 2 || bounds.length > 3) return fail('is none');
  if (!/^[1-9]\d*$/.test(step)) return fail(`has the step "${step}"`, 'The step is a whole number from 1.');
  const begin = from === '' ? '0' : from; // as Ansible: [:3] begins at 0
  if (isLetter(begin) && isLetter(to))
    return letters(begin, to, Number(step)) ?? fail('ends before it begins', 'Write the smaller bound first.');
  if (!/^\d{1,9}$/.test(begin) || !/^\d{1,9}$/.test(to))
    return fail(to === '' ? 'has no end' : 'mixes letters and numbers');
  const width = begin.length > 1 && begin.startsWith('0') ? begin.length : 0;
  if (width > 0 && to.length !== width)
    return fail(
      'has bounds of different length',
      `Write both with ${width} digits: [${begin}:${to.padStart(width, '0')}].`,
    );
  if (Number(begin) > Number(to)) return fail('ends before it begins', 'Write the smaller bound first.');
  const count = Math.floor((Number(to) - Number(begin)) / Number(step)) + 1;
  if (count > NAMES_MAX) return fail(`stands for ${count} hosts, more than ${NAMES_MAX}`, 'Use a smaller range.');
  return {
    names: Array.from({ length: count }, (_, i) => String(Number(begin) + i * Number(step)).padStart(width, '0')),
  };
}

function letters(begin: string, end: string, step: number): Expansion | undefined {
  const [first, last] = [LETTERS.indexOf(begin), LETTERS.indexOf(end)];
  if (first > last) return undefined;
  return { names: [...LETTERS.slice(first, last + 1)].filter((_, i) => i % step === 0) };
}

function isLetter(text: string): boolean {
  return text.length === 1 && LETTERS.includes(text);
}
