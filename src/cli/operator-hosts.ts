/** Work on several hosts, each over a connection of its own; what fails is told host by host, and the others go on. */
import { mapBounded } from '../engine/concurrency.ts';
import type { RunContext } from '../engine/run-context.ts';
import { EXIT, type ExitCode, InfraError } from '../errors.ts';
import type { Host } from '../inventory/model.ts';
import type { Connection } from '../ssh/transport.ts';

export type HostResult<T> =
  | { readonly host: Host; readonly value: T }
  | { readonly host: Host; readonly error: InfraError };

/** In the order of the hosts. */
export async function onHosts<T>(
  ctx: RunContext,
  hosts: readonly Host[],
  work: (connection: Connection, host: Host) => Promise<T>,
): Promise<readonly HostResult<T>[]> {
  return mapBounded(hosts, ctx.options.forks, async (host): Promise<HostResult<T>> => {
    let connection: Connection | undefined;
    try {
      connection = await ctx.transport.connect(host, { timeoutMs: ctx.deadlines.connectMs, signal: ctx.signal });
      return { host, value: await work(connection, host) };
    } catch (error) {
      if (!(error instanceof InfraError)) throw error;
      return { host, error };
    } finally {
      await connection?.close();
    }
  });
}

/** When several apply, the first of these (docs/errors.md). */
const ORDER: readonly ExitCode[] = [
  EXIT.unknown,
  EXIT.interrupted,
  EXIT.failed,
  EXIT.unreachable,
  EXIT.locked,
  EXIT.usage,
];

export function worstExit(codes: readonly ExitCode[]): ExitCode {
  return ORDER.find((code) => codes.includes(code)) ?? EXIT.ok;
}
