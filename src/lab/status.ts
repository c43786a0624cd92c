/** What a lab is and how it does: one small file, one pass over /proc; no program is started. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isCut, requireLab } from './find.ts';
import { hasNtpServer } from './ntp.ts';
import { hostFolder } from './paths.ts';
import { hostProcesses } from './processes.ts';
import type { LabHost, LabNetwork } from './state.ts';

export interface LabHostStatus {
  readonly name: string;
  readonly address: string;
  readonly inventoryAddress: string;
  readonly port: number;
  readonly user: string;
  readonly identityFile: string;
  readonly knownHostsFile: string;
  readonly running: boolean;
  /** Its network is cut off (`lab cut`). */
  readonly cut: boolean;
  /** Its link delays or loses frames (`lab slow`). */
  readonly slow: boolean;
  /** What it booted last; null before its first boot. */
  readonly os: { readonly version: string; readonly checksum: string } | null;
}

export interface LabStatus {
  readonly name: string;
  readonly hosts: readonly LabHostStatus[];
  readonly networks: readonly LabNetworkStatus[];
}

export interface LabNetworkStatus extends LabNetwork {
  /** The time server on its gateway runs (`lab ntp`). */
  readonly ntp: boolean;
}

export function labStatus(labName: string): LabStatus {
  const state = requireLab(labName);
  const processes = hostProcesses(state.hosts.map((host) => host.netns));
  return {
    name: state.name,
    hosts: state.hosts.map((host) => statusOf(labName, host, processes.get(host.netns)?.init !== undefined)),
    networks: state.networks.map((network) => ({ ...network, ntp: hasNtpServer(labName, network) })),
  };
}

function statusOf(labName: string, host: LabHost, running: boolean): LabHostStatus {
  const { name, address, inventoryAddress, port, user, identityFile, knownHostsFile } = host;
  return {
    name,
    address,
    inventoryAddress,
    port,
    user,
    identityFile,
    knownHostsFile,
    running,
    cut: isCut(host),
    slow: existsSync(`/run/netns/${host.netns}~slow`),
    os: bootedOs(labName, name),
  };
}

function bootedOs(labName: string, host: string): LabHostStatus['os'] {
  try {
    // Written by host-boot.sh: CHECKSUM.SERIAL VERSION
    const [deployment = '', version = ''] = readFileSync(join(hostFolder(labName, host), 'booted'), 'utf8')
      .trim()
      .split(' ');
    return { version, checksum: deployment.split('.')[0] ?? '' };
  } catch {
    return null;
  }
}
