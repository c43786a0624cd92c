/** The life of one host: installed, powered on, waited for, cut off from power, removed. */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LabCommandError, LabHostError } from './errors.ts';
import { hostKeysFolder, identityFile } from './keys.ts';
import { osRemoteUrl } from './os-server.ts';
import { consoleFile, hostFolder, labFolder, machineName } from './paths.ts';
import { hostProcesses, isSupervised, killAll, processesOf } from './processes.ts';
import { run, runScript, scriptPath } from './shell.ts';
import { sshArguments } from './ssh.ts';
import type { LabHost } from './state.ts';

/** Installs the host unless it is; true when it was made just now. */
export async function installHost(labName: string, host: LabHost, os: string, gateway: string): Promise<boolean> {
  const folder = hostFolder(labName, host.name);
  if (existsSync(folder)) return false;
  const args = [
    folder,
    scriptPath('host-create.sh'),
    os,
    host.name,
    `${osRemoteUrl(gateway)}/`,
    hostKeysFolder(labName, host.name),
    `${identityFile(labName)}.pub`,
  ];
  await runScript('artifact.sh', args, { what: `installing ${host.name}`, host: host.name });
  return true;
}

/** Starts the host's firmware loop, which outlives this program; nothing happens to a host that is on. */
export async function powerOn(labName: string, host: LabHost): Promise<void> {
  const folder = hostFolder(labName, host.name);
  const isSupervisedNow = isSupervised(folder);
  if (isSupervisedNow && initOf(host) !== undefined) return;
  // A host without its loop (someone killed that) could not reboot, and a loop without its host may be stuck: start afresh.
  if (!isSupervisedNow) await powerOff(labName, host);
  rmSync(join(folder, 'stay-off'), { force: true });
  const log = consoleFile(labName, host.name);
  mkdirSync(dirname(log), { recursive: true });
  const output = openSync(log, 'a', 0o600);
  const args = [
    scriptPath('host-boot.sh'),
    folder,
    host.name,
    machineName(labName, host.name),
    host.netns,
    join(labFolder(labName), 'images'),
  ];
  spawn('bash', args, { cwd: '/', detached: true, stdio: ['ignore', output, output] }).unref();
  closeSync(output);
}

/** Takes the power from the host for good: no shutdown, no return. */
export async function powerOff(labName: string, host: LabHost): Promise<void> {
  const folder = hostFolder(labName, host.name);
  // The loop first, or it would boot the host again.
  await killAll(() => processesOf(folder).filter((pid) => pid !== initOf(host)), `switching off ${host.name}`);
  await killAll(() => hostProcesses([host.netns]).get(host.netns)?.pids ?? [], `switching off ${host.name}`);
  await runScript('host-cgroup.sh', ['remove', machineName(labName, host.name)], {
    what: `removing the control group of ${host.name}`,
    host: host.name,
  });
}

/** Waits until a fresh ssh login works and the host says that it is up. */
export async function waitForHost(labName: string, host: LabHost, withinMs: number): Promise<void> {
  const deadline = Date.now() + withinMs;
  const command = [
    'ssh',
    ...sshArguments(host, ['BatchMode=yes']),
    'sudo -n systemctl is-system-running --wait; sudo -n true',
  ];
  let last: unknown;
  let turnedAway = 0;
  for (let first = true; first || Date.now() < deadline; first = false) {
    try {
      await run(command, {
        what: `logging in to ${host.name}`,
        timeoutMs: Math.max(1_000, Math.min(20_000, deadline - Date.now())),
      });
      return;
    } catch (error) {
      last = error;
      turnedAway = isTurnedAway(error) ? turnedAway + 1 : 0;
      await sleep(pauseMs(turnedAway));
    }
  }
  throw new LabHostError(
    `${host.name} (${host.address}) does not answer by ssh within ${Math.round(withinMs / 1000)} s`,
    {
      host: host.name,
      remedy: `Read ${consoleFile(labName, host.name)}; \`run lab down\` and \`run lab up\` make the host anew.`,
      detail: [...consoleTail(labName, host.name), ...(await wordsFromInside(host))],
      cause: last,
    },
  );
}

/** sshd answers and does not let us in: pam_nologin(8) while the host boots, or what it holds against us for having been refused before. */
function isTurnedAway(error: unknown): boolean {
  return (
    error instanceof LabCommandError &&
    error.detail.some((line) => /Permission denied|Connection (closed|reset) by/.test(line))
  );
}

/** A refused login costs our address 5 s, and from 15 s on sshd closes what comes from it until they are over (PerSourcePenalties). */
function pauseMs(turnedAway: number): number {
  if (turnedAway === 0) return 100;
  return turnedAway <= 2 ? 1_000 : 5_000;
}

/** The process that is the host's PID 1, as seen from outside. */
export function initOf(host: LabHost): number | undefined {
  return hostProcesses([host.netns]).get(host.netns)?.init;
}

/** Deletes the host's disks. Its processes are gone already. */
export async function removeFolder(folder: string): Promise<void> {
  await runScript('remove.sh', [folder], { what: `removing ${folder}` });
}

function consoleTail(labName: string, host: string): string[] {
  try {
    return readFileSync(consoleFile(labName, host), 'utf8').trimEnd().split('\n').slice(-12);
  } catch {
    return [];
  }
}

/**
 * What the host says from inside: units that its boot waits for, and why sshd turned logins away
 * (sshd_config(5), PerSourcePenalties: three refused ones in a row, also those of pam_nologin(8) during a boot, are 15 s without any).
 */
async function wordsFromInside(host: LabHost): Promise<string[]> {
  const init = initOf(host);
  if (init === undefined) return ['The host does not run.'];
  const inside = ['nsenter', '--target', String(init), '--mount', '--pid', '--uts', '--ipc', '--net', '--'];
  const asked = [
    ['systemctl', 'list-jobs', '--no-pager', '--no-legend'],
    ['journalctl', '--boot', '--unit=sshd', '--lines=15', '--no-pager', '--output=short-iso-precise'],
  ];
  const answers = asked.map((command) =>
    run([...inside, ...command], { what: command.join(' '), timeoutMs: 10_000 }).catch((error: unknown) =>
      error instanceof Error ? error.message : String(error),
    ),
  );
  return (await Promise.all(answers)).flatMap((answer) => answer.trimEnd().split('\n'));
}
