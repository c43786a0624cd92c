/** One piece of work on many hosts at once: a connection for each, events as it goes, and an outcome for every host. */
import { mapBounded } from '../engine/concurrency.ts';
import type { InfraError } from '../errors.ts';
import type { Host } from '../inventory/model.ts';
import { AbortedError } from '../ssh/errors.ts';
import type { Connection, Transport } from '../ssh/transport.ts';
import type { ExecStatus, FleetCommand, FleetListener, HostOutcome } from './events.ts';
import { KeptOutput } from './kept-output.ts';
import { endingOfError } from './outcome.ts';
import type { RemoteOptions } from './remote-command.ts';

/** From TCP to the login. */
export const CONNECT_MS_DEFAULT = 10_000;

export interface Fleet {
  readonly hosts: readonly Host[];
  /** Hosts talked to at the same time. */
  readonly forks: number;
  readonly transport: Transport;
  /** Default 10 s. */
  readonly connectMs?: number;
  readonly remote: RemoteOptions;
  readonly emit: FleetListener;
  /** Ctrl-C: no further host is begun, commands that run are ended, what arrived is kept. */
  readonly signal: AbortSignal;
}

/** Where a host's words go, whatever becomes of it. */
export interface HostOutput {
  readonly stdout: KeptOutput;
  readonly stderr: KeptOutput;
}

export interface HostWork {
  readonly fleet: Fleet;
  readonly host: Host;
  readonly connection: Connection;
  readonly output: HostOutput;
}

/** What the work itself knows of the outcome. */
export type HostResult = Pick<HostOutcome, 'status' | 'code' | 'signal' | 'error' | 'done'>;

export interface FleetTask {
  readonly command: FleetCommand;
  readonly argv: readonly string[];
  /** On one host; what it throws becomes that host's outcome. */
  readonly work: (work: HostWork) => Promise<HostResult>;
}

/** Never throws: outcomes in the order of the hosts. */
export async function runFleet(fleet: Fleet, { command, argv, work }: FleetTask): Promise<readonly HostOutcome[]> {
  const startedMs = performance.now();
  const { hosts, forks, emit, remote } = fleet;
  emit({ event: 'exec-started', command, hosts: hosts.map(({ name }) => name), argv, sudo: remote.sudo });
  const outcomes = await mapBounded(hosts, forks, async (host) => {
    const outcome = await runHost(fleet, host, work);
    await emit({ event: 'host-done', outcome });
    return outcome;
  });
  emit({ event: 'exec-done', outcomes, tookMs: elapsed(startedMs) });
  return outcomes;
}

async function runHost(fleet: Fleet, host: Host, work: FleetTask['work']): Promise<HostOutcome> {
  const startedMs = performance.now();
  const output: HostOutput = { stdout: new KeptOutput(), stderr: new KeptOutput() };
  let result: HostResult;
  let connection: Connection | undefined;
  try {
    if (fleet.signal.aborted) throw notBegun(host.name);
    connection = await fleet.transport.connect(host, {
      timeoutMs: fleet.connectMs ?? CONNECT_MS_DEFAULT,
      signal: fleet.signal,
    });
    result = await work({ fleet, host, connection, output });
  } catch (error) {
    result = endingOfError(error);
  }
  // Not waited for: the goodbye to one host is no reason to hold up the result.
  void connection?.close();
  return {
    host: host.name,
    ...result,
    stdout: output.stdout.get(),
    stderr: output.stderr.get(),
    tookMs: elapsed(startedMs),
  };
}

function notBegun(host: string): InfraError {
  return new AbortedError('not begun', { host, remedy: 'Run it again for this host.' });
}

function elapsed(sinceMs: number): number {
  return Math.round(performance.now() - sinceMs);
}

/** Hosts of one status. */
export function hostsWith(outcomes: readonly HostOutcome[], status: ExecStatus): readonly string[] {
  return outcomes.filter((outcome) => outcome.status === status).map(({ host }) => host);
}
