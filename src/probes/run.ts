/** Runs probes of every kind, all at once; results come in the order of the probes. A probe never throws: it fails. */
import type { HttpProbe, Probe, ProbeResult, TcpProbe } from './types.ts';

export interface ProbeTiming {
  /** Of one try. */
  readonly timeoutMs: number;
  readonly tries: number;
}

type DnsProbe = Extract<Probe, { readonly kind: 'dns-zone' | 'dns-version' | 'dns-name' }>;

/**
 * `unit` probes are answered by observing, not here: they come back as passed with the detail `asked on the host`. `host` probes need a
 * connection (on-host.ts): they come back as silent.
 */
export async function runProbes(probes: readonly Probe[], timing: ProbeTiming): Promise<readonly ProbeResult[]> {
  const dns = probes.filter((probe): probe is DnsProbe => probe.kind.startsWith('dns-'));
  const answers = dns.length === 0 ? [] : await runDns(dns, timing);
  const byProbe = new Map<Probe, ProbeResult>(dns.map((probe, index) => [probe, answers[index] as ProbeResult]));
  return Promise.all(probes.map((probe) => byProbe.get(probe) ?? runOther(probe, timing)));
}

async function runDns(probes: readonly DnsProbe[], timing: ProbeTiming): Promise<readonly ProbeResult[]> {
  const { runDnsProbes } = await import('./dns.ts');
  return runDnsProbes(probes, timing);
}

async function runOther(probe: Probe, timing: ProbeTiming): Promise<ProbeResult> {
  const started = performance.now();
  const result = (ok: boolean, service: string, name: string, detail: string): ProbeResult => ({
    ok,
    service,
    name,
    detail,
    tookMs: Math.round(performance.now() - started),
  });
  switch (probe.kind) {
    case 'tcp':
      return tryAgain(timing, async () => {
        const problem = await connectTcp(probe, timing.timeoutMs);
        return result(
          problem === undefined,
          'tcp',
          `tcp ${probe.address}:${probe.port}`,
          problem ?? 'accepts connections',
        );
      });
    case 'http':
      return tryAgain(timing, async () => {
        const { ok, detail } = await getHttp(probe, timing.timeoutMs);
        return result(ok, 'http', `GET ${probe.url}`, detail);
      });
    case 'ntp': {
      const { askNtp, ntpProbeName } = await import('./ntp.ts');
      return tryAgain(timing, async () => {
        const { ok, detail, warning, reading } = await askNtp(probe, timing.timeoutMs);
        return {
          ...result(ok, 'ntp', ntpProbeName(probe), detail),
          ...(warning === undefined ? {} : { warning }),
          ...(reading === undefined ? {} : { time: reading }),
          ...(reading === undefined && detail.startsWith('no answer') ? { silent: true } : {}),
        };
      });
    }
    case 'dhcp': {
      const { askDhcp } = await import('./dhcp.ts');
      return tryAgain(timing, async () => {
        const judged = await askDhcp(probe, timing.timeoutMs);
        return { ...judged, tookMs: Math.round(performance.now() - started) };
      });
    }
    case 'unit':
      return result(true, 'unit', `unit ${probe.unit}`, 'asked on the host');
    case 'host': {
      const { unaskedHostProbe } = await import('./on-host.ts');
      return unaskedHostProbe(probe);
    }
    case 'dns-zone':
    case 'dns-version':
    case 'dns-name':
      throw new Error('dns probes are run together');
  }
}

async function tryAgain(timing: ProbeTiming, attempt: () => Promise<ProbeResult>): Promise<ProbeResult> {
  let last = await attempt();
  for (let tried = 1; tried < timing.tries && (!last.ok || last.silent === true); tried++) last = await attempt();
  return last;
}

async function connectTcp(probe: TcpProbe, timeoutMs: number): Promise<string | undefined> {
  const { connect } = await import('node:net');
  return new Promise((resolve) => {
    const socket = connect({ host: probe.address, port: probe.port });
    const end = (problem: string | undefined): void => {
      socket.destroy();
      resolve(problem);
    };
    socket.setTimeout(timeoutMs, () => end(`no answer in ${timeoutMs / 1000} s`));
    socket.once('connect', () => end(undefined));
    socket.once('error', (error) => end(error.message));
  });
}

async function getHttp(
  probe: HttpProbe,
  timeoutMs: number,
): Promise<{ readonly ok: boolean; readonly detail: string }> {
  const expected = probe.status ?? 200;
  try {
    const response = await fetch(probe.url, { signal: AbortSignal.timeout(timeoutMs), redirect: 'manual' });
    await response.body?.cancel();
    return {
      ok: response.status === expected,
      detail: response.status === expected ? `status ${expected}` : `status ${response.status}, expected ${expected}`,
    };
  } catch (error) {
    const cause =
      error instanceof Error && error.cause instanceof Error
        ? error.cause.message
        : error instanceof Error
          ? error.message
          : String(error);
    return { ok: false, detail: cause };
  }
}
