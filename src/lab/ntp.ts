/** The lab's upstream of time: a chronyd on each network's gateway. It is on after `lab up`; `lab ntp` stops it, and makes it wrong. */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readExchange } from '../ntp/reading.ts';
import { exchangeNtp } from '../probes/ntp.ts';
import { basePath } from './artifacts.ts';
import { LabError } from './errors.ts';
import { requireLab } from './find.ts';
import { labFolder } from './paths.ts';
import { killAll, processesOf } from './processes.ts';
import { requireRoot } from './requirements.ts';
import { scriptPath } from './shell.ts';
import type { LabNetwork, LabState } from './state.ts';

const NTP_PORT = 123;
const LOCAL_STRATUM = 10;
const ANSWERS_WITHIN_MS = 10_000;

const ntpFolder = (labName: string, network: LabNetwork): string =>
  join(labFolder(labName), 'ntp', network.lab.replace('/', '-'));

/** Starts those that do not run, with the right time. Does not wait for them. */
export function startNtpServers(state: Pick<LabState, 'name' | 'networks'>): void {
  for (const network of state.networks) {
    if (!hasNtpServer(state.name, network)) startServer(ntpFolder(state.name, network), network, '0');
  }
}

export function hasNtpServer(labName: string, network: LabNetwork): boolean {
  return processesOf(ntpFolder(labName, network)).length > 0;
}

/** On, with the right time or with a wrong one: `+45s`, `-90s` (libfaketime's words). Resolves when all of them answer with that time. */
export async function labNtpOn(labName: string, shift = '0'): Promise<void> {
  await labNtpOff(labName);
  const { networks } = requireLab(labName);
  const wrongBy = checkedShift(shift);
  for (const network of networks) startServer(ntpFolder(labName, network), network, wrongBy);
  await Promise.all(networks.map((network) => waitForServer(labName, network, Number.parseFloat(wrongBy))));
}

/** Off until `lab ntp on` or the next `lab up`: its port is closed. */
export async function labNtpOff(labName: string): Promise<void> {
  requireRoot();
  requireLab(labName);
  await killAll(() => processesOf(join(labFolder(labName), 'ntp')), 'stopping the time server');
}

/** Seconds that a clock is to be wrong by, as libfaketime reads them; `0`: right. */
export function checkedShift(shift: string): string {
  if (/^[+-]\d{1,8}(\.\d+)?s?$/.test(shift)) return shift.replace(/s?$/, 's');
  if (/^[+-]?0$/.test(shift)) return '0';
  throw new LabError(`a clock cannot be wrong by "${shift}"`, {
    remedy: 'Give seconds with their sign: +45s, -90s; or 0.',
  });
}

function startServer(folder: string, network: LabNetwork, shift: string): void {
  mkdirSync(folder, { recursive: true });
  const output = openSync(join(folder, 'log'), 'a', 0o600);
  const args = [scriptPath('ntp-server.sh'), folder, join(basePath(), 'root'), network.gateway, shift];
  spawn('bash', args, { cwd: '/', detached: true, stdio: ['ignore', output, output] }).unref();
  closeSync(output);
}

/** Until an answer shows the time that was asked for: that any server answers does not prove that it is the new one. */
async function waitForServer(labName: string, network: LabNetwork, shiftSec: number): Promise<void> {
  const deadline = Date.now() + ANSWERS_WITHIN_MS;
  for (;;) {
    const said = await exchangeNtp(network.gateway, NTP_PORT, 500);
    const wrongBySec = typeof said === 'string' ? Number.NaN : readExchange(said, LOCAL_STRATUM).offsetMs / 1_000;
    if (Math.abs(wrongBySec - shiftSec) < 1) return;
    if (Date.now() > deadline) {
      const seen =
        typeof said === 'string'
          ? `does not answer: ${said}`
          : `is wrong by ${wrongBySec.toFixed(3)} s, not by ${shiftSec} s`;
      throw new LabError(`the lab's time server on ${network.gateway} ${seen}`, {
        remedy: `Read ${join(ntpFolder(labName, network), 'log')}. Perhaps a program of this machine has port ${NTP_PORT} of all addresses.`,
      });
    }
    await sleep(50);
  }
}
