/** How the lab's hosts are reached with the system's ssh. */
import { spawn } from 'node:child_process';
import { LabRequirementsError } from './errors.ts';
import { requireHost, requireLab } from './find.ts';
import type { LabHost } from './state.ts';

/** Arguments for `ssh` up to and including USER@ADDRESS; the machine's own ssh configuration is left out of it. */
export function sshArguments(host: LabHost, options: readonly string[] = []): string[] {
  const settings = [
    `UserKnownHostsFile=${host.knownHostsFile}`,
    'GlobalKnownHostsFile=/dev/null',
    'StrictHostKeyChecking=yes',
    'IdentitiesOnly=yes',
    'ConnectTimeout=5',
    // A host that is cut off ends the command instead of hanging it.
    'ServerAliveInterval=2',
    'ServerAliveCountMax=3',
    ...options,
  ];
  return [
    '-F',
    'none',
    ...settings.flatMap((setting) => ['-o', setting]),
    '-i',
    host.identityFile,
    '-p',
    String(host.port),
    `${host.user}@${host.address}`,
  ];
}

/** Logs in, or runs a command, on this terminal; resolves with ssh's exit code (255: ssh itself failed). */
export function labSsh(labName: string, hostName: string, command: readonly string[]): Promise<number> {
  const host = requireHost(requireLab(labName), hostName);
  const child = spawn('ssh', [...sshArguments(host, ['LogLevel=ERROR']), ...command], { stdio: 'inherit' });
  // The terminal sends Ctrl-C to both; it is for the session.
  const ignore = (): void => undefined;
  process.on('SIGINT', ignore);
  return new Promise((resolve, reject) => {
    child.once('error', (cause) =>
      reject(
        new LabRequirementsError('ssh could not be started', {
          remedy: 'Install it: apt-get install openssh-client',
          cause,
        }),
      ),
    );
    child.once('close', (code) => resolve(code ?? 255));
  }).finally(() => process.off('SIGINT', ignore)) as Promise<number>;
}
