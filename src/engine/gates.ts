/** Gates between plays: what must answer, on other services' hosts too, before a play changes its first host. */
import { InfraError } from '../errors.ts';
import type { Host } from '../inventory/model.ts';
import { selectHosts } from '../inventory/pattern.ts';
import type { Gate } from '../playbook/define.ts';
import type { Vantage } from '../probes/via-host.ts';
import { mapBounded } from './concurrency.ts';
import { desiredHost } from './desired.ts';
import { RefusedError } from './errors.ts';
import { failedProbes, probeLines, probeUntil } from './judge.ts';
import type { RunContext } from './run-context.ts';

/** Waits for each in turn. Returns why the play may not begin, or undefined. */
export async function proveGates(ctx: RunContext, gates: readonly Gate[]): Promise<RefusedError | undefined> {
  for (const gate of gates) {
    ctx.emit({ event: 'gate', name: gate.name, status: 'asked' });
    const refusal = await proveGate(ctx, gate);
    ctx.emit({
      event: 'gate',
      name: gate.name,
      status: refusal === undefined ? 'open' : 'closed',
      ...(refusal === undefined ? {} : { message: refusal.message }),
    });
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

async function proveGate(ctx: RunContext, gate: Gate): Promise<RefusedError | undefined> {
  const hosts = selectHosts(ctx.inventory, gate.hosts);
  const vantages = await connectAll(ctx, hosts);
  try {
    // Units are asked of systemd while a host is observed; here its service itself is asked.
    const probes = hosts.flatMap((host) => probesOf(ctx, gate, hosts, host)).filter(({ kind }) => kind !== 'unit');
    const results = await probeUntil(ctx, probes, gate.withinSec * 1000, vantages);
    if (failedProbes(results).length === 0) return undefined;
    return new RefusedError(`${gate.name}: not so after ${gate.withinSec} s; what needs it was not begun`, {
      detail: probeLines(results),
      remedy: `See what is wrong: run status ${gate.hosts}`,
    });
  } finally {
    await Promise.all(vantages.map(({ connection }) => connection.close()));
  }
}

function probesOf(ctx: RunContext, { role }: Gate, members: readonly Host[], host: Host) {
  return desiredHost(host, { uses: [role], members, inventory: ctx.inventory, zones: ctx.zones }).probes(new Map());
}

/** Hosts that cannot be reached answer nothing: their probes say so. */
async function connectAll(ctx: RunContext, hosts: readonly Host[]): Promise<readonly Vantage[]> {
  const all = await mapBounded(hosts, ctx.options.forks, async (host): Promise<readonly Vantage[]> => {
    try {
      const connection = await ctx.transport.connect(host, {
        timeoutMs: ctx.deadlines.connectMs,
        signal: ctx.signal,
      });
      return [{ name: host.name, connection }];
    } catch (error) {
      if (!(error instanceof InfraError)) throw error;
      return [];
    }
  });
  return all.flat();
}
