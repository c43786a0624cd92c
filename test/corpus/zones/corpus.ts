/** Reads the corpus: zone files whose comments say what must become of them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ParseResult } from '../../../src/dns/parse.ts';
import { parseZone } from '../../../src/dns/parse.ts';

export interface CorpusZone {
  readonly name: string;
  readonly path: string;
  readonly origin: string;
  readonly text: string;
  /** `code line` of every warning. */
  readonly warnings: readonly string[];
  /** `code line` of the one error; undefined for good zones. */
  readonly refused: string | undefined;
  /** What CoreDNS itself does with the file. */
  readonly coredns: 'accepts' | 'refuses';
}

const FOLDER = fileURLToPath(new URL('.', import.meta.url));

export function corpus(kind: 'good' | 'bad'): readonly CorpusZone[] {
  return readdirSync(join(FOLDER, kind))
    .filter((file) => file.endsWith('.zone'))
    .map((file) => {
      const path = join(FOLDER, kind, file);
      const text = readFileSync(path, 'utf8');
      const said = (key: string): readonly string[] =>
        [...text.matchAll(new RegExp(`; ${key}: (.*)`, 'g'))].map(([, value = '']) => value.trim());
      return {
        name: file.replace(/\.zone$/, ''),
        path,
        text,
        origin: said('origin')[0] ?? 'example.com',
        warnings: said('warns'),
        refused: said('refused')[0]?.replace(' line ', ' '),
        coredns: said('coredns')[0] === 'refuses' ? 'refuses' : 'accepts',
      };
    });
}

export function parseCorpusZone(zone: CorpusZone): ParseResult {
  return parseZone(zone.text, { file: zone.path, origin: zone.origin, include: (path) => readFileSync(path, 'utf8') });
}
