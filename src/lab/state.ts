/** What is remembered of a lab between commands: one JSON file, written before anything is made, read in a moment. */
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { labFolder, labsFolder } from './paths.ts';

export interface LabHost {
  readonly name: string;
  readonly inventoryAddress: string;
  /** Where the host is reached in the lab; sshd and all services answer there. */
  readonly address: string;
  readonly prefix: number;
  readonly port: number;
  readonly user: string;
  readonly identityFile: string;
  readonly knownHostsFile: string;
  /** LAN interface inside the host, and the veth, bridge and network namespace outside. */
  readonly interface: string;
  readonly veth: string;
  readonly bridge: string;
  readonly netns: string;
}

export interface LabNetwork {
  /** `192.0.2.0/24`, as the inventory has it. */
  readonly inventory: string;
  /** The network that stands for it; host parts are kept. */
  readonly lab: string;
  readonly bridge: string;
  readonly gateway: string;
}

export interface LabState {
  readonly format: 1;
  readonly name: string;
  readonly phase: 'starting' | 'up';
  readonly hosts: readonly LabHost[];
  readonly networks: readonly LabNetwork[];
  readonly images: readonly string[];
}

/** The state of a lab, or undefined when there is none (or one of another format, which `up` makes anew). */
export function readLabState(labName: string): LabState | undefined {
  try {
    const state = JSON.parse(readFileSync(stateFile(labName), 'utf8')) as LabState; // written by writeLabState only
    return state.format === 1 ? state : undefined;
  } catch {
    return undefined;
  }
}

export function writeLabState(state: LabState): void {
  mkdirSync(labFolder(state.name), { recursive: true, mode: 0o700 });
  const file = stateFile(state.name);
  writeFileSync(`${file}.new`, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** All labs of this machine. */
export function listLabStates(): LabState[] {
  let names: string[] = [];
  try {
    names = readdirSync(labsFolder());
  } catch {
    // no lab was ever made here
  }
  return names.map(readLabState).filter((state) => state !== undefined);
}

const stateFile = (labName: string): string => join(labFolder(labName), 'state.json');
