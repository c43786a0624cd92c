/** Arguments for the system's ssh that reach a host as our own connections do (`run ssh`, `run lab ssh`). Pure. */
import type { SshTarget } from '../inventory/model.ts';

/**
 * Everything up to and with the destination: `spawn('ssh', [...opensshArgs(target), 'uptime'])`. No shell is involved, so
 * nothing is quoted for one; what ssh itself would read as more than one word is quoted for ssh.
 * `name` is the host's name in the inventory: then ssh's own `Host` lines for it apply, and its messages use it.
 */
export function opensshArgs(target: SshTarget, name: string = target.address): string[] {
  const { address, port, user, identityFile, knownHostsFile, defaulted = [] } = target;
  const options = [
    // Like our own connections, which do not read ssh_config either if both files are named.
    ...(identityFile !== undefined && knownHostsFile !== undefined ? ['-F', 'none'] : []),
    ...(name === address ? [] : option('HostName', address)),
    ...(defaulted.includes('port') ? [] : ['-p', String(port)]),
    ...(defaulted.includes('user') ? [] : ['-l', user]),
    ...(identityFile === undefined
      ? []
      : [...option('IdentityFile', path(identityFile)), ...option('IdentitiesOnly', 'yes')]),
    ...(knownHostsFile === undefined
      ? []
      : [...option('UserKnownHostsFile', path(knownHostsFile)), ...option('GlobalKnownHostsFile', '/dev/null')]),
    ...option('StrictHostKeyChecking', 'yes'),
    ...option('ConnectTimeout', '10'),
    ...option('ServerAliveInterval', '5'),
    ...option('ServerAliveCountMax', '3'),
  ];
  return [...options, '--', name];
}

function option(keyword: string, value: string): string[] {
  return ['-o', `${keyword}=${value}`];
}

/** A file name as ssh_config reads one: in quotes, without tokens (`%h`). */
function path(value: string): string {
  return `"${value.replace(/[\\"]/g, '\\$&').replaceAll('%', '%%')}"`;
}
