/** The inventory as the rest of the program sees it: hosts with their merged vars, and where each value came from. */
import type { SourceLocation } from '../errors.ts';
import type { Secret } from '../secrets/secret.ts';

export type VarValue =
  | null
  | boolean
  | number
  | string
  | Secret
  | readonly VarValue[]
  | { readonly [key: string]: VarValue };
export type Vars = Readonly<Record<string, VarValue>>;

/** How to reach a host's sshd. */
export interface SshTarget {
  readonly address: string;
  /** TCP port, default 22. */
  readonly port: number;
  /** Default `core`. */
  readonly user: string;
  /** Which of them nobody wrote: ~/.ssh/config may say those. Absent: all that stands here wins over it. */
  readonly defaulted?: readonly ('port' | 'user')[];
  /** Absolute; undefined: the agent, ssh_config's IdentityFile and the usual key files. */
  readonly identityFile?: string;
  /** Absolute; undefined: ~/.ssh/known_hosts and /etc/ssh/ssh_known_hosts. */
  readonly knownHostsFile?: string;
}

export interface Host {
  readonly name: string;
  /** The service address, without prefix (var `address`, else the name): where DNS, NTP and DHCP of this host are asked. */
  readonly address: string;
  /** Prefix length of the host's network: from `address: 192.0.2.11/24`; 24 (IPv4) or 64 (IPv6) if none is given. */
  readonly prefix: number;
  readonly ssh: SshTarget;
  /** All groups of the host, `all` first, then by depth and name, as Ansible merges them (the last one wins). */
  readonly groups: readonly string[];
  /** Merged vars, extra vars (-e) included. */
  readonly vars: Vars;
  /** Where a var's value was written; `path` reaches into lists and maps: `origin('coredns_forwarders', 0)`. Without a path: where the host is written. Undefined for extra vars. */
  origin(...path: readonly (string | number)[]): SourceLocation | undefined;
}

export interface Group {
  readonly name: string;
  readonly children: readonly string[];
  /** Names of all hosts, those of children included, in the order of the inventory. */
  readonly hosts: readonly string[];
  /** The group's own vars merged with those of its parents, for what is said of a group and not of a host (`redundancy`). */
  readonly vars: Vars;
}

export interface Inventory {
  /** Absolute folder (or the folder of the inventory file). */
  readonly dir: string;
  readonly hosts: ReadonlyMap<string, Host>;
  readonly groups: ReadonlyMap<string, Group>;
  /** Every var name with one place where it is written, for checks of unknown and misspelt vars. */
  readonly varNames: ReadonlyMap<string, SourceLocation>;
}
