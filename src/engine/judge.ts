/** Do the answers prove that the host serves what it should? Pure, and the waiting version of it. */
import type { Probe, ProbeResult } from '../probes/types.ts';
import type { Vantage } from '../probes/via-host.ts';
import { askProbes } from './ask.ts';
import type { Observation } from './observation.ts';
import type { RunContext } from './run-context.ts';

/** Holds answers, given with any serial accepted, against the serials that are expected, and units against what was observed. */
export function judgeProbes(
  probes: readonly Probe[],
  results: readonly ProbeResult[],
  observation: Observation,
): readonly ProbeResult[] {
  return judgeUnits(probes, results, observation).map((result, index) => {
    const probe = probes[index];
    if (probe?.kind === 'dns-zone' && result.ok && probe.serial !== undefined && result.serial !== probe.serial) {
      return {
        ...result,
        ok: false,
        detail: `serves serial ${result.serial}, the file on the host has ${probe.serial}`,
      };
    }
    return result;
  });
}

/** Units are asked of systemd on the host: what was observed decides. */
export function judgeUnits(
  probes: readonly Probe[],
  results: readonly ProbeResult[],
  observation: Observation,
): readonly ProbeResult[] {
  return results.map((result, index) => {
    const probe = probes[index];
    if (probe?.kind !== 'unit') return result;
    const active = observation.units.get(probe.unit)?.active ?? 'not known to systemd';
    return { ...result, ok: active === 'active', detail: active };
  });
}

/**
 * Asks until all pass, the deadline is over, or the run is interrupted; the last answers are returned, passed or not.
 * `vantages`: where to ask from when the service cannot be reached from here (ask.ts).
 */
export async function probeUntil(
  ctx: RunContext,
  probes: readonly Probe[],
  withinMs: number,
  vantages: readonly Vantage[],
): Promise<readonly ProbeResult[]> {
  const deadline = ctx.now() + withinMs;
  for (let pauseMs = 20; ; pauseMs = Math.min(500, pauseMs * 2)) {
    const results = await askProbes(ctx, probes, { timeoutMs: 1_000, tries: 1 }, vantages);
    if (results.every(({ ok }) => ok) || ctx.now() + pauseMs > deadline || ctx.signal.aborted) return results;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

export function failedProbes(results: readonly ProbeResult[]): readonly ProbeResult[] {
  return results.filter(({ ok }) => !ok);
}

/** One line per failed probe, for errors and reports. */
export function probeLines(results: readonly ProbeResult[]): readonly string[] {
  return failedProbes(results).map(({ service, name, detail }) => `${service}  ${name}   ${detail}`);
}

/** Puts the answers on the event stream; what passed with a doubt is a warning of its own. */
export function tellProbes(ctx: RunContext, host: string, results: readonly ProbeResult[]): void {
  for (const result of results) {
    ctx.emit({ event: 'probe', host, result });
    if (result.warning !== undefined)
      ctx.emit({ event: 'warning', host, message: `${host}: ${result.name}: ${result.warning}` });
  }
}
