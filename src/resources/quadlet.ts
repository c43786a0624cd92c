/** The `quadlet` resource and the renderer of unit syntax (systemd.syntax(7), podman-systemd.unit(5)). */
import { ResourceError } from './errors.ts';
import { withoutSecret } from './no-secret.ts';
import { checkedAttributes, checkedPath } from './paths.ts';
import type { QuadletResource } from './types.ts';

const FOLDER = '/etc/containers/systemd';

/** Suffix of the generated unit, by quadlet type (podman-systemd.unit(5)). */
const UNIT_SUFFIX: Readonly<Record<string, string>> = {
  container: '.service',
  kube: '.service',
  pod: '-pod.service',
  volume: '-volume.service',
  network: '-network.service',
  image: '-image.service',
  build: '-build.service',
};

/** A value that systemd is to expand: its `%` specifiers stay (`raw('%n')`). All other values are literal. */
export class RawValue {
  readonly text: string;
  /** To a podman secret (podman-secret.ts). */
  readonly isReference: boolean = false;
  constructor(text: string) {
    this.text = text;
  }
}
export const raw = (text: string): RawValue => new RawValue(text);

type Value = string | number | boolean | RawValue;
/** Section → key → value, or several values (the key is repeated). Order is kept. */
export type UnitSections = Readonly<Record<string, Readonly<Record<string, Value | readonly Value[]>>>>;

/** A quadlet `NAME.container` (or .volume, .network, …) in /etc/containers/systemd. */
export function quadlet(name: string, sections: UnitSections): QuadletResource {
  const match = /^([A-Za-z0-9][A-Za-z0-9_.@-]*)\.([a-z]+)$/.exec(name);
  const suffix = match === null ? undefined : UNIT_SUFFIX[match[2] ?? ''];
  if (match === null || suffix === undefined) {
    throw new ResourceError(
      `quadlet ${JSON.stringify(name)} is not NAME.TYPE with TYPE one of ${Object.keys(UNIT_SUFFIX).join(', ')}`,
      { remedy: 'Name it as podman-systemd.unit(5) says, e.g. coredns.container.' },
    );
  }
  return {
    kind: 'quadlet',
    id: `quadlet:${name}`,
    path: checkedPath(`${FOLDER}/${name}`),
    content: renderUnit(sections),
    unit: `${match[1]}${suffix}`,
    ...checkedAttributes({}, 0o644),
  };
}

/** Unit file text; values are literal unless made by `raw`. */
export function renderUnit(sections: UnitSections): string {
  return Object.entries(sections)
    .map(([section, keys]) => {
      const lines = Object.entries(keys).flatMap(([key, value]) =>
        (Array.isArray(value) ? value : [value as Value]).map((one) => `${checkedKey(key)}=${renderValue(key, one)}`),
      );
      return `[${checkedKey(section)}]\n${lines.join('\n')}\n`;
    })
    .join('\n');
}

function checkedKey(key: string): string {
  if (/^[A-Za-z][A-Za-z0-9-]*$/.test(key)) return key;
  throw new ResourceError(`${JSON.stringify(key)} is not a section or key of a unit file`, {
    remedy: 'Use letters, digits and "-" as systemd.syntax(7) says.',
  });
}

function renderValue(key: string, value: Value): string {
  const plain = value instanceof RawValue ? value.text : String(value).replaceAll('%', '%%');
  const text = withoutSecret(plain, `${key}=`);
  // A reference to a podman secret holds marks that nothing else may hold; it is made of checked parts.
  if (value instanceof RawValue && value.isReference) return text;
  // A trailing backslash continues the line; a newline starts another key.
  if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(text) || text.endsWith('\\')) {
    throw new ResourceError(`${key}=: ${JSON.stringify(text)} cannot stand in a unit file`, {
      remedy: 'Remove newlines, control characters and a backslash at the end.',
    });
  }
  return text;
}

/** Words of a command line for Exec=, ExecReload=, …: quoted so that systemd passes each one on unchanged (systemd.service(5)). */
export function execWords(words: readonly string[]): RawValue {
  return raw(words.map(quoteWord).join(' '));
}

function quoteWord(word: string): string {
  const text = word.replaceAll('%', '%%').replaceAll('$', '$$$$');
  if (/^[A-Za-z0-9_@%+:,./$=-]+$/.test(text)) return text;
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n').replaceAll('\t', '\\t')}"`;
}
