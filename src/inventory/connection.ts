/** How a host is reached and asked, from its merged vars. Pure. */
import { isAbsolute, join, resolve } from 'node:path';
import type { SourceLocation } from '../errors.ts';
import type { Problem } from '../schema/problems.ts';
import { check } from '../schema/validate.ts';
import { canonicalAddress, parseHostAddress } from './address.ts';
import { BUILTIN_VARS, builtinVarsSchema } from './inventory.schema.ts';
import type { Host, SshTarget, Vars } from './model.ts';

export interface Reachability {
  readonly address: string;
  readonly prefix: number;
  readonly ssh: SshTarget;
}

export interface ConnectionInput {
  readonly name: string;
  readonly vars: Vars;
  /** From a key `name:port`; the var `ansible_port` wins. */
  readonly port?: number | undefined;
  /** Relative key files begin here. */
  readonly dir: string;
  /** What `~` stands for. */
  readonly home: string;
  origin(...path: readonly (string | number)[]): SourceLocation | undefined;
}

const DEFAULT_USER = 'core';
const DEFAULT_PORT = 22;

/** undefined when a var is wrong, which is then in `problems`. */
export function reachability(host: ConnectionInput, problems: Problem[]): Reachability | undefined {
  const { name, vars } = host;
  problems.push(...unsupported(host));
  const builtin = Object.fromEntries(
    BUILTIN_VARS.filter((key) => vars[key] !== undefined && vars[key] !== null).map((key) => [key, vars[key]]),
  );
  const checked = check(builtinVarsSchema, builtin, { name: `host ${name}`, origin: host.origin });
  if (!checked.ok) {
    problems.push(...checked.problems);
    return undefined;
  }
  const {
    address: written,
    ansible_host,
    ansible_port,
    ansible_user,
    ansible_ssh_private_key_file: keyFile,
  } = checked.value;
  const parsed =
    written === undefined ? { address: name, prefix: name.includes(':') ? 64 : 24 } : parseHostAddress(written);
  if ('problem' in parsed) {
    problems.push({
      message: `address: "${written}" of host ${name} ${parsed.problem}`,
      where: host.origin('address'),
      remedy: 'Write the IP address of the host with the prefix of its network, such as 192.0.2.11/24.',
    });
    return undefined;
  }
  const defaulted = [
    ...(ansible_port === undefined && host.port === undefined ? (['port'] as const) : []),
    ...(ansible_user === undefined ? (['user'] as const) : []),
  ];
  const ssh = {
    address: ansible_host ?? parsed.address,
    port: ansible_port ?? host.port ?? DEFAULT_PORT,
    user: ansible_user ?? DEFAULT_USER,
    ...(keyFile === undefined ? {} : { identityFile: expandPath(keyFile, host) }),
    // What nobody set may come from ssh_config.
    ...(defaulted.length === 0 ? {} : { defaulted }),
  };
  return { ...parsed, ssh };
}

/** Two names for one machine would let it stand in for itself. */
export function sharedAddresses(hosts: Iterable<Host>): Problem[] {
  const problems: Problem[] = [];
  const seen = new Map<string, Host>();
  for (const host of hosts) {
    const keys = [
      { key: canonicalAddress(host.address), name: 'address', text: `the address ${host.address}` },
      {
        key: `ssh ${canonicalAddress(host.ssh.address)} ${host.ssh.port}`,
        name: 'ansible_host',
        text: `${host.ssh.address} port ${host.ssh.port} as their sshd`,
      },
    ];
    for (const { key, name, text } of keys) {
      const other = seen.get(key);
      if (other === undefined) {
        seen.set(key, host);
        continue;
      }
      const [first, where] = [other, host].map((one) => one.origin(name) ?? one.origin('address'));
      problems.push({
        message: `hosts ${other.name} and ${host.name} both have ${text}`,
        where,
        ...(first === undefined ? {} : { also: [first] }),
        remedy: 'Give each host its own: a pair that is one machine protects nothing.',
      });
      break;
    }
  }
  return problems;
}

/** Ansible's vars that change how a host is reached and that we do not read: silence would be a lie. */
const UNSUPPORTED: Readonly<Record<string, string>> = {
  ansible_ssh_host: 'Write ansible_host.',
  ansible_ssh_port: 'Write ansible_port.',
  ansible_ssh_user: 'Write ansible_user.',
  ansible_private_key_file: 'Write ansible_ssh_private_key_file.',
  ansible_password: 'Log in with a key: ansible_ssh_private_key_file, or an ssh-agent.',
  ansible_ssh_pass: 'Log in with a key: ansible_ssh_private_key_file, or an ssh-agent.',
  ansible_ssh_password: 'Log in with a key: ansible_ssh_private_key_file, or an ssh-agent.',
  ansible_ssh_common_args: 'Write the options (ProxyJump and the like) into ~/.ssh/config.',
  ansible_ssh_extra_args: 'Write the options into ~/.ssh/config.',
};

function unsupported(host: ConnectionInput): Problem[] {
  const problems = Object.entries(UNSUPPORTED)
    .filter(([name]) => host.vars[name] !== undefined && host.vars[name] !== null)
    .map(([name, remedy]) => ({
      message: `host ${host.name}: "${name}" is not read`,
      where: host.origin(name),
      remedy,
    }));
  const connection = host.vars['ansible_connection'];
  if (connection !== undefined && connection !== 'ssh' && connection !== 'smart') {
    problems.push({
      message: `host ${host.name}: "ansible_connection: ${String(connection)}" is not possible`,
      where: host.origin('ansible_connection'),
      remedy: 'Remove it: hosts are reached by ssh.',
    });
  }
  return problems;
}

function expandPath(path: string, { dir, home }: ConnectionInput): string {
  if (path === '~' || path.startsWith('~/')) return join(home, path.slice(1));
  return isAbsolute(path) ? path : resolve(dir, path);
}
