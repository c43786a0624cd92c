/** Reads Prometheus' text format 0.0.4 as strictly as it is written down, and as node_exporter's textfile collector wants it. */

export interface Family {
  readonly help: string;
  readonly type: string;
  readonly samples: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[];
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = '([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\\\\n]|\\\\[\\\\"n])*)"';
const SAMPLE = new RegExp(`^(${NAME})(?:\\{((?:${LABEL})(?:,${LABEL})*)\\})? (\\S+)$`);
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$|^[+-]?Inf$|^NaN$/;

/** By name, in order. Throws for anything that is not allowed: also a timestamp, which the textfile collector refuses. */
export function parseExposition(text: string): ReadonlyMap<string, Family> {
  if (text === '') return new Map();
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  if (/[\u0000-\u0009\u000b-\u001f]/.test(text)) throw new Error('a control character');
  const families = new Map<string, { help: string; type: string; samples: Family['samples'][number][] }>();
  const seen = new Set<string>();
  let current = '';
  for (const line of text.slice(0, -1).split('\n')) {
    const [, word, name = '', rest = ''] = new RegExp(`^# (HELP|TYPE) (${NAME}) (.+)$`).exec(line) ?? [];
    if (word === 'HELP') {
      if (families.has(name)) throw new Error(`${name} comes twice`);
      if (/\\(?![\\n])/.test(rest)) throw new Error(`help of ${name} is not escaped`);
      families.set(name, { help: rest, type: '', samples: [] });
      current = name;
      continue;
    }
    const family = families.get(current);
    if (family === undefined) throw new Error(`before any help: ${line}`);
    if (word === 'TYPE') {
      if (name !== current || family.type !== '' || family.samples.length > 0) throw new Error(`misplaced: ${line}`);
      if (!/^(?:counter|gauge|histogram|summary|untyped)$/.test(rest)) throw new Error(`no such type: ${line}`);
      family.type = rest;
      continue;
    }
    const sample = SAMPLE.exec(line);
    if (sample === null || sample[1] !== current || family.type === '') throw new Error(`no sample: ${line}`);
    const value = sample.at(-1) ?? '';
    if (!NUMBER.test(value)) throw new Error(`no number: ${line}`);
    const labels = labelsOf(sample[2] ?? '');
    const key = JSON.stringify([current, Object.entries(labels).sort()]);
    if (seen.has(key)) throw new Error(`twice: ${line}`);
    seen.add(key);
    family.samples.push({ labels, value: Number(value) });
  }
  return families;
}

function labelsOf(text: string): Readonly<Record<string, string>> {
  const pairs = [...text.matchAll(new RegExp(LABEL, 'g'))].map(([, name = '', value = '']) => {
    if (name.startsWith('__')) throw new Error(`a label of Prometheus itself: ${name}`);
    return [name, value.replace(/\\(.)/g, (_, sign: string) => (sign === 'n' ? '\n' : sign))] as const;
  });
  if (new Set(pairs.map(([name]) => name)).size !== pairs.length) throw new Error(`a label twice: ${text}`);
  return Object.fromEntries(pairs);
}
