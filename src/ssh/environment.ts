/** Where ssh's own files and the agent are for the user who runs us. */
import { homedir } from 'node:os';
import { join } from 'node:path';

export interface SshEnvironment {
  readonly home: string;
  /** ~/.ssh/config */
  readonly configFile: string;
  /** Read after the user's own known_hosts. */
  readonly systemKnownHostsFile: string;
  /** ssh-agent's socket; undefined: no agent. */
  readonly agentSocket?: string;
  /** For `${NAME}` in ssh_config, and for LOGNAME. */
  readonly variables: Readonly<Record<string, string | undefined>>;
}

/** The environment as OpenSSH's client takes it; `over` replaces single parts (tests, the lab). */
export function sshEnvironment(over: Partial<SshEnvironment> = {}): SshEnvironment {
  // biome-ignore lint/style/noProcessEnv: SSH_AUTH_SOCK is ssh's own interface (ssh-agent(1)), not a setting of ours.
  const variables = over.variables ?? process.env;
  const home = over.home ?? homedir();
  const agentSocket = variables['SSH_AUTH_SOCK'];
  return {
    home,
    configFile: join(home, '.ssh/config'),
    systemKnownHostsFile: '/etc/ssh/ssh_known_hosts',
    ...(agentSocket === undefined || agentSocket === '' ? {} : { agentSocket }),
    ...over,
    variables,
  };
}
