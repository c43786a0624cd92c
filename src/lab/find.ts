/** Finds a lab and a host of it by name, as it is on record and on this machine. */
import { readFileSync } from 'node:fs';
import { LabError } from './errors.ts';
import type { LabHost, LabState } from './state.ts';
import { listLabStates, readLabState } from './state.ts';

/** The lab of that name, or an error that says which there are. */
export function requireLab(labName: string): LabState {
  const state = readLabState(labName);
  if (state !== undefined) return state;
  const others = listLabStates().map((lab) => lab.name);
  throw new LabError(
    `there is no lab ${labName} on this machine${others.length > 0 ? ` (there is: ${others.join(', ')})` : ''}`,
    {
      remedy: 'Boot it with `run lab up`, or name another one with --lab-name.',
    },
  );
}

/** One host of it, or an error that says which there are. */
export function requireHost(state: LabState, name: string): LabHost {
  const host = state.hosts.find((candidate) => candidate.name === name);
  if (host !== undefined) return host;
  throw new LabError(`the lab ${state.name} has no host ${name}`, {
    remedy: `Its hosts are: ${state.hosts.map((other) => other.name).join(', ')}.`,
  });
}

/** Whether `lab cut` has taken the host's link down. */
export function isCut(host: LabHost): boolean {
  try {
    return (Number.parseInt(readFileSync(`/sys/class/net/${host.veth}/flags`, 'utf8'), 16) & 1) === 0; // IFF_UP
  } catch {
    return false;
  }
}
