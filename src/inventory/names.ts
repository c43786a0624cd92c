/** What hosts, groups and vars may be called. Pure. */
import { isIPv6 } from 'node:net';
import { expandRanges } from './ranges.ts';

export interface BadName {
  readonly problem: string;
  readonly remedy: string;
}

const HOST = /^[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?)*$/;
const GROUP = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;
/** Ansible's rule: a Python identifier. */
const VAR = /^[A-Za-z_]\w*$/;

/** The hosts that a key under `hosts:` stands for; `name:port` gives the port of sshd too, as in Ansible. */
export function hostKey(key: string): { readonly names: readonly string[]; readonly port?: number } | BadName {
  const [base, port] = splitPort(key);
  if (base.includes(':') && isIPv6(base)) return { names: [base], ...port };
  const expanded = expandRanges(base);
  if ('problem' in expanded) return { problem: expanded.problem, remedy: expanded.remedy };
  const bad = expanded.names.find((name) => !HOST.test(name) || name.length > 253);
  if (bad !== undefined)
    return {
      problem: `"${bad}" cannot be the name of a host`,
      remedy: 'Use letters, digits, "-" and "_", with dots between the parts of a domain name, or an IP address.',
    };
  return { names: expanded.names, ...port };
}

/** undefined: the name is fine. */
export function badGroupName(name: string): BadName | undefined {
  if (GROUP.test(name)) return undefined;
  return {
    problem: `"${name}" cannot be the name of a group`,
    remedy: `Use letters, digits, "_", "-" and ".": the other characters have a meaning in patterns.${suggest(name)}`,
  };
}

/** undefined: the name is fine. */
export function badVarName(name: string): BadName | undefined {
  if (VAR.test(name)) return undefined;
  return {
    problem: `"${name}" cannot be the name of a var`,
    remedy: `Use letters, digits and "_", and no digit first.${suggest(name)}`,
  };
}

function suggest(name: string): string {
  const better = name
    .trim()
    .replace(/[^A-Za-z0-9_]+/g, '_')
    .replace(/^(\d)/, '_$1');
  return VAR.test(better) ? ` Did you mean "${better}"?` : '';
}

function splitPort(key: string): [string, { readonly port?: number }] {
  const bracketed = /^\[([^[\]]*:[^[\]]*:[^[\]]*)\](?::(\d{1,5}))?$/.exec(key);
  const match =
    bracketed ?? (!key.includes(':') || isIPv6(key) ? null : /^((?:[^:[\]]|\[[^\]]*\])+):(\d{1,5})$/.exec(key));
  if (match === null || (bracketed !== null && !isIPv6(match[1] ?? ''))) return [key, {}];
  return [match[1] ?? key, match[2] === undefined ? {} : { port: Number(match[2]) }];
}
