/** Inventories as people read them: list, graph and show. Pure. */
import { formatLocation } from '../errors.ts';
import type { Host, Inventory } from '../inventory/model.ts';
import { printable } from '../report/sanitize.ts';
import { maskSecrets } from '../schema/secrets.ts';

const VALUE_COLUMNS_MAX = 100;

/** One line per host, columns aligned. */
export function listText(hosts: readonly Host[]): readonly string[] {
  const rows = hosts.map((host) => [host.name, `${host.address}/${host.prefix}`, sshText(host), ownGroups(host)]);
  return table([['HOST', 'ADDRESS', 'SSH', 'GROUPS'], ...rows]);
}

export function listJson(hosts: readonly Host[]): unknown {
  return { hosts: hosts.map(({ name, address, prefix, ssh, groups }) => ({ name, address, prefix, ssh, groups })) };
}

/** As `ansible-inventory --graph` draws it: hosts below each group that has them itself. */
export function graphText(inventory: Inventory, root = 'all'): readonly string[] {
  const lines = [`@${root}:`];
  const draw = (name: string, indent: string): void => {
    const group = inventory.groups.get(name);
    const children = (group?.children ?? []).filter((child) => child !== 'ungrouped' || hasHosts(inventory, child));
    for (const child of children) {
      lines.push(`${indent}|--@${child}:`);
      draw(child, `${indent}|  `);
    }
    const below = new Set(children.flatMap((child) => inventory.groups.get(child)?.hosts ?? []));
    for (const host of group?.hosts ?? []) if (!below.has(host)) lines.push(`${indent}|--${host}`);
  };
  draw(root, '  ');
  return lines;
}

/** A host's vars after all merging, each with the place that gave it. Secrets are masked. */
export function showText(host: Host): readonly string[] {
  const rows = Object.keys(host.vars)
    .sort()
    .map((name) => [`  ${name}`, valueText(host, name), originText(host, name)]);
  const head = [
    `${host.name}  ${host.address}/${host.prefix}`,
    `  ssh     ${sshText(host)}${host.ssh.identityFile === undefined ? '' : ` with ${host.ssh.identityFile}`}`,
    `  groups  ${host.groups.join(', ')}`,
    '',
  ];
  return [...head, ...(rows.length === 0 ? ['  no vars'] : table(rows))];
}

export function showJson(host: Host): unknown {
  const { name, address, prefix, ssh, groups } = host;
  const vars = Object.fromEntries(
    Object.keys(host.vars)
      .sort()
      .map((key) => [key, { value: maskSecrets(host.vars[key], key), from: host.origin(key) ?? null }]),
  );
  return { name, address, prefix, ssh, groups, vars };
}

function sshText({ ssh }: Host): string {
  const address = ssh.address.includes(':') ? `[${ssh.address}]` : ssh.address;
  return `${ssh.user}@${address}${ssh.port === 22 ? '' : `:${ssh.port}`}`;
}

function ownGroups({ groups }: Host): string {
  return groups.filter((group) => group !== 'all').join(', ');
}

function hasHosts(inventory: Inventory, group: string): boolean {
  return (inventory.groups.get(group)?.hosts.length ?? 0) > 0;
}

function valueText(host: Host, name: string): string {
  const value = maskSecrets(host.vars[name], name);
  const text = printable(typeof value === 'string' ? value.replaceAll('\n', '⏎') : JSON.stringify(value));
  return text.length <= VALUE_COLUMNS_MAX ? text : `${text.slice(0, VALUE_COLUMNS_MAX - 1)}…`;
}

function originText(host: Host, name: string): string {
  const where = host.origin(name);
  if (where === undefined) return '-e';
  const { file, line } = where;
  return formatLocation(line === undefined ? { file } : { file, line });
}

/** Columns as wide as their widest cell; the last one is not padded. */
function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
