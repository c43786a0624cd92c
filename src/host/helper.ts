/** The helper as a whole: its text, and its version, which is the hash of that text. */
import { createHash } from 'node:crypto';
import { joinScripts } from './scripts.ts';

/** Where its versions are installed. Not below /var/lib: SELinux lets units run what is labelled as a program (bin_t). */
export const HELPER_FOLDER = '/usr/local/libexec/coreos-infra';

const HEX_DIGITS_OF_VERSION = 16;

/** What the helper's verbs are made of, in this order; entry last: a script that was cut off does nothing. */
const FILES = [
  'base',
  'answer',
  'look',
  'state',
  'images',
  'plan',
  'mounts',
  'label',
  'check',
  'slot',
  'stage',
  'quadlet',
  'secrets',
  'validate',
  'swap',
  'units',
  'revert',
  'confirm',
  'status',
  'os-deployments',
  'os-record',
  'os-deny',
  'os-settle',
  'os-open',
  'os-stage',
  'os-go',
  'os-look',
  'lease',
  'hold',
  'guard',
  'os-guard',
  'reconcile',
  'boot',
  'install',
  'generations',
  'apply',
  'entry',
] as const;

export interface HelperOptions {
  /** With fault.sh, which breaks a step on demand. For lab hosts; no other build has it. Default false. */
  readonly faults?: boolean;
}

/** Functions only: a call of `main` has to follow. */
export function helperText({ faults = false }: HelperOptions): string {
  return joinScripts(faults ? [...FILES, 'fault'] : FILES);
}

/** The text as it is installed: called with a verb and its arguments. */
export function installedText(options: HelperOptions): string {
  return `${helperText(options)}\nmain "$@"\n`;
}

/** 16 hex digits: facts.helperVersion of a host must equal it before a change set is sent there. */
export function helperVersion(options: HelperOptions = {}): string {
  return createHash('sha256').update(installedText(options)).digest('hex').slice(0, HEX_DIGITS_OF_VERSION);
}
