/** Where a secret comes from. Pure; resolve.ts asks. */
import type { SourceLocation } from '../errors.ts';

export type SecretSource = (
  | { readonly kind: 'env'; readonly name: string }
  /** Words of a command, run without a shell on this machine. */
  | { readonly kind: 'command'; readonly argv: readonly string[] }
  /** `file` is absolute; `path` leads to one value in it, undefined: the whole file. */
  | { readonly kind: 'sops'; readonly file: string; readonly path?: readonly (string | number)[] }
) & {
  /** Where that is written. */
  readonly where?: SourceLocation;
};

/** For people: the place, never the value. A command's arguments may be telling: only its program is named. */
export function describeSource(source: SecretSource): string {
  switch (source.kind) {
    case 'env':
      return `environment variable ${source.name}`;
    case 'command':
      return `command ${source.argv[0] ?? ''}`;
    case 'sops':
      return `${source.file}${source.path === undefined ? '' : `#${formatKeyPath(source.path)}`}`;
  }
}

/** `kea.db[0].password` */
export function formatKeyPath(path: readonly (string | number)[]): string {
  return path.map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`)).join('');
}

/** The opposite; undefined for what is no path. A key with a dot or bracket in it cannot be named. */
export function parseKeyPath(text: string): readonly (string | number)[] | undefined {
  if (!/^[^.[\]]+(?:\.[^.[\]]+|\[\d{1,9}\])*$/.test(text)) return undefined;
  return [...text.matchAll(/\[(\d+)\]|[^.[\]]+/g)].map(([part, index]) => (index === undefined ? part : Number(index)));
}
