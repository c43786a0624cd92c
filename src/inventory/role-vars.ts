/** The vars of a role for one host: inventory vars with the role's prefix, checked, with defaults. Pure but for messages. */
import type { Static, TObject } from '@sinclair/typebox';
import type { SourceLocation } from '../errors.ts';
import { formatPath } from '../schema/describe.ts';
import { validate } from '../schema/validate.ts';
import type { Host, Vars, VarValue } from './model.ts';

export interface RoleVarsOptions {
  /** Names of all roles: the vars of role `dns_exporter` are not misspelt vars of role `dns`. */
  readonly otherRoles?: readonly string[];
}

/**
 * Var `coredns_image` is key `image` of role `coredns`. `overrides` (unprefixed; what the playbook gives) win over the
 * inventory; `-e` is part of the host's vars. Throws InvalidValueError with file and line of every wrong or unknown var.
 */
export function roleVars<S extends TObject>(
  role: { readonly name: string; readonly vars: S },
  host: Host,
  overrides: Vars = {},
  options: RoleVarsOptions = {},
): Static<S> {
  const prefix = varPrefix(role.name);
  const others = (options.otherRoles ?? [])
    .map(varPrefix)
    .filter((other) => other !== prefix && other.startsWith(prefix));
  const collected: Record<string, VarValue> = {};
  for (const [name, value] of Object.entries(host.vars)) {
    if (name.startsWith(prefix) && !others.some((other) => name.startsWith(other)))
      collected[name.slice(prefix.length)] = value;
  }
  const given = new Set(Object.keys(overrides).filter((key) => overrides[key] !== undefined));
  for (const key of given) collected[key] = overrides[key] as VarValue;
  const isGiven = (path: readonly (string | number)[]): boolean => given.has(String(path[0]));
  const label = (path: readonly (string | number)[]): string => {
    if (isGiven(path)) return `${formatPath(path)} (given by the playbook)`;
    const name = prefix + String(path[0] ?? '');
    return (
      formatPath([name, ...path.slice(1)]) +
      (host.vars[name] !== undefined && host.origin(name) === undefined ? ' (given by -e)' : '')
    );
  };
  return validate(role.vars, collected, {
    name: `role ${role.name}`,
    host: host.name,
    label,
    origin: (...path): SourceLocation | undefined => {
      if (isGiven(path)) return undefined;
      return path.length === 0 ? host.origin() : host.origin(`${prefix}${String(path[0])}`, ...path.slice(1));
    },
  });
}

/** Names of inventory vars that a role takes: `coredns_image`, … */
export function roleVarNames(role: { readonly name: string; readonly vars: TObject }): readonly string[] {
  return Object.keys(role.vars.properties).map((key) => varPrefix(role.name) + key);
}

/** Var names have no dashes. */
function varPrefix(roleName: string): string {
  return `${roleName.replaceAll('-', '_')}_`;
}
