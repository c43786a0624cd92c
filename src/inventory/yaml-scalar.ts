/** What a plain word in YAML means. Inventories come from Ansible, which reads YAML 1.1: where 1.1 and 1.2 differ, we say so. Pure. */
import type { Scalar } from 'yaml';
import { looksSecret, MASK } from '../schema/secrets.ts';
import type { VarValue } from './model.ts';

export type ScalarRead = { readonly value: VarValue } | { readonly message: string; readonly remedy: string };

/** YAML 1.1 words for true and false that Ansible takes too (https://yaml.org/type/bool.html, without y and n as PyYAML). */
const WORDS: ReadonlyMap<string, boolean> = new Map([
  ['yes', true],
  ['on', true],
  ['no', false],
  ['off', false],
]);

/** `key` is where the value stands, for the message. MAC addresses and times stay text, unlike in YAML 1.1. */
export function scalarValue(node: Scalar, key: string): ScalarRead {
  const { value, source } = node;
  if (node.type !== 'PLAIN' || source === undefined || node.tag !== undefined)
    return { value: plainValue(value, source) };
  if (typeof value === 'string' && /^(yes|no|on|off|Yes|No|On|Off|YES|NO|ON|OFF)$/.test(value))
    return { value: WORDS.get(value.toLowerCase()) ?? value };
  if (typeof value !== 'number') return { value: plainValue(value, source) };
  const shown = looksSecret(key) ? MASK : source;
  if (/^[-+]?0\d/.test(source) && !/[.eE]/.test(source)) {
    return {
      message: `${name(key)}the number ${shown} begins with 0: Ansible reads it as octal, others do not`,
      remedy: `Write "${shown}" in quotes if it is text (a file mode is), or the number without the 0.`,
    };
  }
  if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))) {
    return {
      message: `${name(key)}${shown} is not a number that can be kept exactly`,
      remedy: `Put quotes around it: "${shown}"`,
    };
  }
  return { value };
}

function plainValue(value: unknown, source: string | undefined): VarValue {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return value;
  return source ?? String(value); // dates and the like under %YAML 1.1
}

function name(key: string): string {
  return key === '' ? '' : `${key}: `;
}
