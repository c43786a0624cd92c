/** From a host of the inventory to what we connect to: ssh_config applied, jumps in order. */
import { isIP } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { SshTarget } from '../inventory/model.ts';
import type { SshEnvironment } from './environment.ts';
import { SshConfigError } from './errors.ts';
import { expandTilde, expandTokens, expandVariables, type Tokens } from './expand.ts';
import { type JumpSpec, parseJumps } from './jump.ts';
import { type LookupName, lookupName } from './known-hosts.ts';
import { type ConfigLine, configFor, type HostConfig } from './ssh-config.ts';
import { readSshConfig } from './ssh-config-file.ts';

/** Which keys are shown to a host. */
export interface IdentitySources {
  /** Named by the inventory or ssh_config: an unusable one is an error. The usual files (~/.ssh/id_*) are only tried. */
  readonly files: readonly string[];
  readonly areNamed: boolean;
  /** Only keys of `files`, be they in the agent or not (IdentitiesOnly). */
  readonly identitiesOnly: boolean;
  readonly agentSocket?: string;
}

/** One sshd on the way, the last one being the host itself. */
export interface Hop {
  /** How messages call it. */
  readonly name: string;
  readonly isJump: boolean;
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly lookup: LookupName;
  readonly knownHostsFiles: readonly string[];
  readonly identity: IdentitySources;
}

export interface Route {
  /** In the order in which they are connected. */
  readonly jumps: readonly Hop[];
  readonly target: Hop;
  /** ConnectTimeout of ssh_config. */
  readonly timeoutMs?: number;
}

/** More hops than anybody has; files whose jumps lead in a circle end here. */
const JUMPS_MAX = 8;

/** The files that ssh tries by itself, without those of hardware tokens (ssh_config(5), IdentityFile). */
const USUAL_KEYS = ['.ssh/id_ed25519', '.ssh/id_ecdsa', '.ssh/id_rsa'];

/**
 * What to connect to for a host. The inventory wins over ~/.ssh/config, which is not even read if the inventory names both the
 * key and the known_hosts file (the lab).
 *
 * `Host` lines apply if they match the inventory's name or the address; HostName only by the address, since the inventory gave that.
 * @throws SshConfigError
 */
export async function resolveRoute(
  host: { readonly name: string; readonly ssh: SshTarget },
  env: SshEnvironment,
): Promise<Route> {
  const { name, ssh } = host;
  const isComplete = ssh.identityFile !== undefined && ssh.knownHostsFile !== undefined;
  const lines = isComplete ? [] : await readSshConfig(env.configFile, env.home);
  const config = configFor(lines, { names: [name, ssh.address], address: ssh.address, user: ssh.user });
  const { hostName } = configFor(lines, { names: [ssh.address], address: ssh.address, user: ssh.user });
  refuseProxyCommand(config, name);
  const isDefault = (key: 'port' | 'user') => ssh.defaulted?.includes(key) === true;
  const target = toHop(
    { name, isJump: false, alias: ssh.address, config, env },
    {
      ...ssh,
      address: hostName ?? ssh.address,
      port: isDefault('port') ? (config.port ?? ssh.port) : ssh.port,
      user: isDefault('user') ? (config.user ?? ssh.user) : ssh.user,
    },
  );
  const jumps = jumpHops(config, tokensOf(target, ssh.address, env), lines, env, []);
  const seconds = config.connectTimeoutSeconds;
  return { jumps, target, ...(seconds === undefined ? {} : { timeoutMs: seconds * 1000 }) };
}

interface HopContext {
  readonly name: string;
  readonly isJump: boolean;
  /** What was asked for, before HostName. */
  readonly alias: string;
  readonly config: HostConfig;
  readonly env: SshEnvironment;
}

function toHop(context: HopContext, ssh: SshTarget): Hop {
  const { name, isJump, alias, config, env } = context;
  // HostName may be built from what was asked for: `HostName %h.example.net`.
  const address = isIP(ssh.address) ? ssh.address : expandTokens(ssh.address, { h: alias });
  const bare = { name, isJump, address, port: ssh.port, user: ssh.user };
  const tokens = tokensOf(bare, alias, env);
  const path = (value: string) => expandTilde(expandVariables(expandTokens(value, tokens), env.variables), env.home);
  const userKnownHosts = config.userKnownHostsFiles?.filter((file) => file !== 'none').map(path) ?? [
    join(env.home, '.ssh/known_hosts'),
  ];
  return {
    ...bare,
    lookup: lookupName(address, ssh.port, config.hostKeyAlias),
    knownHostsFiles:
      ssh.knownHostsFile === undefined ? [...userKnownHosts, env.systemKnownHostsFile] : [ssh.knownHostsFile],
    identity: identitySources(ssh, config, env, path),
  };
}

function identitySources(
  ssh: SshTarget,
  config: HostConfig,
  env: SshEnvironment,
  path: (value: string) => string,
): IdentitySources {
  const agentSocket = agentSocketOf(config, env, path);
  const agent = agentSocket === undefined ? {} : { agentSocket };
  if (ssh.identityFile !== undefined)
    return { files: [ssh.identityFile], areNamed: true, identitiesOnly: true, ...agent };
  const named = config.identityFiles.filter((file) => file.toLowerCase() !== 'none').map(path);
  const areNamed = config.identityFiles.length > 0;
  return {
    files: areNamed ? named : USUAL_KEYS.map((key) => join(env.home, key)),
    areNamed,
    identitiesOnly: config.identitiesOnly ?? false,
    ...agent,
  };
}

function agentSocketOf(config: HostConfig, env: SshEnvironment, path: (value: string) => string): string | undefined {
  const { identityAgent } = config;
  if (identityAgent === undefined || identityAgent === 'SSH_AUTH_SOCK') return env.agentSocket;
  if (identityAgent.toLowerCase() === 'none') return undefined;
  if (/^\$[A-Za-z_]\w*$/.test(identityAgent)) return env.variables[identityAgent.slice(1)];
  return path(identityAgent);
}

function tokensOf(hop: Pick<Hop, 'address' | 'port' | 'user'>, alias: string, env: SshEnvironment): Tokens {
  return { h: hop.address, n: alias, p: String(hop.port), r: hop.user, u: localUser(env), d: env.home };
}

function jumpHops(
  config: HostConfig,
  tokens: Tokens,
  lines: readonly ConfigLine[],
  env: SshEnvironment,
  seen: readonly string[],
): readonly Hop[] {
  if (config.proxyJump === undefined) return [];
  const specs = parseJumps(expandTokens(config.proxyJump, tokens));
  if (seen.length + specs.length > JUMPS_MAX) {
    throw new SshConfigError(
      `the way leads over more than ${JUMPS_MAX} hosts: ${[...specs.map((s) => s.host), ...seen].join(' → ')}`,
      {
        remedy:
          'ProxyJump leads in a circle: give the jump host a Host block of its own, above the general one, with ProxyJump none.',
      },
    );
  }
  const hops = specs.map((spec) => jumpHop(spec, lines, env));
  const [first] = hops;
  // As ssh does: only the first jump is reached by its own ProxyJump; one that names itself (Host *) is reached directly.
  const firstConfig =
    first === undefined ? undefined : configFor(lines, { names: [first.name], address: first.name, user: first.user });
  const isOwn =
    first !== undefined &&
    firstConfig?.proxyJump !== undefined &&
    parseJumps(firstConfig.proxyJump)[0]?.host === first.name;
  if (first === undefined || firstConfig === undefined || isOwn) return hops;
  const before = jumpHops(firstConfig, tokensOf(first, first.name, env), lines, env, [
    ...specs.map((spec) => spec.host),
    ...seen,
  ]);
  return [...before, ...hops];
}

function jumpHop(spec: JumpSpec, lines: readonly ConfigLine[], env: SshEnvironment): Hop {
  const config = configFor(lines, { names: [spec.host], address: spec.host, user: spec.user ?? localUser(env) });
  refuseProxyCommand(config, spec.host);
  return toHop(
    { name: spec.host, isJump: true, alias: spec.host, config, env },
    {
      address: config.hostName ?? spec.host,
      port: spec.port ?? config.port ?? 22,
      user: spec.user ?? config.user ?? localUser(env),
    },
  );
}

function localUser(env: SshEnvironment): string {
  return env.variables['LOGNAME'] ?? env.variables['USER'] ?? userInfo().username;
}

function refuseProxyCommand(config: HostConfig, host: string): void {
  const line = config.proxyCommand;
  if (line === undefined) return;
  throw new SshConfigError(`${line.file}:${line.line}: ProxyCommand is not supported (it applies to ${host})`, {
    host,
    where: { file: line.file, line: line.line },
    remedy:
      'Use ProxyJump, which does the same for a host that you reach by ssh; or put ProxyCommand none into a Host block above.',
  });
}
