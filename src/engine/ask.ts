/** Asks the services of a host: from this machine, and where its addresses are silent from here, from the hosts themselves. */
import { dhcpSilent } from '../probes/dhcp-verdict.ts';
import { type ProbeTiming, runProbes } from '../probes/run.ts';
import type { Probe, ProbeResult } from '../probes/types.ts';
import type { Vantage } from '../probes/via-host.ts';
import type { RunContext } from './run-context.ts';

/** Addresses of a run that were silent from here and answered to a host: later probes lose no time on the way that is closed. */
const closed = new WeakMap<RunContext, Set<string>>();

/**
 * `vantages`: peers first, then the host itself, whose word proves less. They are used only for addresses from which nothing at all came
 * back, neither over UDP nor over TCP; a refusal is an answer.
 */
export async function askProbes(
  ctx: RunContext,
  probes: readonly Probe[],
  timing: ProbeTiming,
  vantages: readonly Vantage[],
): Promise<readonly ProbeResult[]> {
  const open = probes.filter((probe) => !isClosed(ctx, addressOf(probe) ?? ''));
  const direct = await runProbes(open, timing);
  const results = new Map(open.map((probe, index) => [probe, direct[index] as ProbeResult]));
  return askSilentAgain(
    ctx,
    probes,
    probes.map((probe) => results.get(probe) ?? unasked(probe)),
    vantages,
  );
}

/**
 * The second half of askProbes, for probes that were sent earlier: `results` are those of `probes`, asked from here. `unless`: those that are
 * not worth the wait.
 */
export async function askSilentAgain(
  ctx: RunContext,
  probes: readonly Probe[],
  results: readonly ProbeResult[],
  vantages: readonly Vantage[],
  unless: (probe: Probe) => boolean = () => false,
): Promise<readonly ProbeResult[]> {
  const silent = silentAddresses(probes, results);
  const left = probes.filter((probe) => silent.has(addressOf(probe) ?? '') && !unless(probe));
  if (left.length === 0 || vantages.length === 0) return results;
  const again = await askVia(left, vantages);
  for (const [probe, result] of again) if (result.ok) noteClosed(ctx, addressOf(probe), result.from);
  return probes.map((probe, index) => again.get(probe) ?? (results[index] as ProbeResult));
}

/** Once for each address: the report says from where its service was asked. */
function noteClosed(ctx: RunContext, address: string | undefined, from = 'a host'): void {
  if (address === undefined || address.startsWith(ON_HOST) || isClosed(ctx, address)) return;
  closed.set(ctx, (closed.get(ctx) ?? new Set()).add(address));
  ctx.emit({
    event: 'warning',
    message: `${address} is silent from this machine: its service is asked from ${from}, and its availability is not measured`,
    remedy: 'Let this machine reach the service too, over UDP and TCP, if you want it to see what clients see.',
  });
}

/** The service cannot be reached from here: a measurement of its answers from here would say nothing of it. */
export function isClosed(ctx: RunContext, address: string): boolean {
  return closed.get(ctx)?.has(address) === true;
}

/** Addresses of which every probe was silent. */
function silentAddresses(probes: readonly Probe[], results: readonly ProbeResult[]): ReadonlySet<string> {
  const all = new Map<string, boolean>();
  for (const [index, probe] of probes.entries()) {
    const address = addressOf(probe);
    if (address !== undefined) all.set(address, (all.get(address) ?? true) && results[index]?.silent === true);
  }
  return new Set([...all].filter(([, isSilent]) => isSilent).map(([address]) => address));
}

/** No address of a network: only the host itself can be asked. */
const ON_HOST = 'on ';

function addressOf(probe: Probe): string | undefined {
  switch (probe.kind) {
    case 'dns-zone':
    case 'dns-version':
    case 'dns-name':
    case 'ntp':
      return probe.server;
    case 'tcp':
      return probe.address;
    case 'host':
      return `${ON_HOST}${probe.host} ${probe.name}`;
    case 'dhcp':
      return `DHCP of ${probe.servers.join(' and ')}`;
    case 'http':
    case 'unit':
      return undefined;
  }
}

/** The first vantage from which a probe passes decides; else the last one that could ask. */
async function askVia(
  probes: readonly Probe[],
  vantages: readonly Vantage[],
): Promise<ReadonlyMap<Probe, ProbeResult>> {
  const results = new Map<Probe, ProbeResult>();
  if (vantages.length === 0) return results;
  const { runProbesVia } = await import('../probes/via-host.ts');
  for (const vantage of vantages) {
    const left = probes.filter((probe) => results.get(probe)?.ok !== true);
    if (left.length === 0) break;
    for (const [index, result] of (await runProbesVia(vantage, left)).entries())
      if (result !== undefined) results.set(left[index] as Probe, result);
  }
  return results;
}

/** Known to be closed from here, and nobody could ask instead. */
function unasked(probe: Probe): ProbeResult {
  const detail = 'silent from here, and no host could be asked to ask';
  if (probe.kind === 'dhcp') return { ...dhcpSilent(probe, detail), tookMs: 0 };
  return {
    ok: false,
    service: probe.kind.startsWith('dns') ? 'dns' : probe.kind === 'host' ? probe.service : probe.kind,
    name: probe.kind === 'host' ? probe.name : `${probe.kind} ${addressOf(probe) ?? ''}`,
    detail,
    tookMs: 0,
    silent: true,
  };
}
