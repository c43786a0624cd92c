/** Host probes: programs that hosts are asked to run about their own services, over the connection that is there. */
import { InfraError } from '../errors.ts';
import { sudo } from '../ssh/sudo.ts';
import type { HostProbe, Probe, ProbeResult } from './types.ts';
import type { Vantage } from './via-host.ts';

/** For the link, on top of the program's own time, ms. */
const LINK_MS = 4_000;

/** The answers of `vantage` about itself; probes of other kinds and of other hosts have none. Never throws. */
export async function runHostProbes(
  vantage: Vantage,
  probes: readonly Probe[],
): Promise<ReadonlyMap<Probe, ProbeResult>> {
  const mine = probes.filter((probe): probe is HostProbe => probe.kind === 'host' && probe.host === vantage.name);
  return new Map(
    await Promise.all(mine.map(async (probe): Promise<[Probe, ProbeResult]> => [probe, await askHost(vantage, probe)])),
  );
}

/** What this machine can say of a host probe: nothing came back from here. */
export function unaskedHostProbe({ service, name, host }: HostProbe): ProbeResult {
  return { ok: false, service, name, detail: `${host} cannot be asked`, tookMs: 0, silent: true };
}

async function askHost({ connection }: Vantage, probe: HostProbe): Promise<ProbeResult> {
  const startedMs = performance.now();
  const { service, name } = probe;
  const base = (): Pick<ProbeResult, 'service' | 'name' | 'tookMs'> => ({
    service,
    name,
    tookMs: Math.round(performance.now() - startedMs),
  });
  const argv = ['timeout', '-k', '1', String(Math.ceil(probe.timeoutSec)), ...probe.argv];
  try {
    const result = await connection.exec(sudo(argv), {
      what: `asking ${name}`,
      timeoutMs: probe.timeoutSec * 1000 + LINK_MS,
    });
    if (result.code === 124 || result.code === 137)
      return { ...base(), ok: false, detail: `no answer in ${probe.timeoutSec} s` };
    const verdict = probe.judge({
      code: result.code,
      stdout: result.stdout.toString('utf8'),
      stderr: result.stderr.toString('utf8'),
    });
    return { ...base(), ...verdict };
  } catch (error) {
    if (!(error instanceof InfraError)) throw error;
    return { ...base(), ok: false, detail: error.message, silent: true };
  }
}
