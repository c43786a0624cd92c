/** DNS probes: what the answers must say for a server to count as serving. */
import type { DecodedPacket as Decoded } from 'dns-packet';
import { askTcp, askUdp, type DnsOutcome, type DnsQuestion } from './dns-exchange.ts';
import type { DnsNameProbe, DnsVersionProbe, DnsZoneProbe, ProbeResult } from './types.ts';

/** dns-packet decodes the rcode, its types do not say so. */
type DecodedPacket = Decoded & { readonly rcode?: string };

export type DnsProbe = DnsZoneProbe | DnsVersionProbe | DnsNameProbe;

/** All at once: zones over UDP and TCP, the rest over UDP. Results in the order of the probes. */
export async function runDnsProbes(
  probes: readonly DnsProbe[],
  timing: { readonly timeoutMs: number; readonly tries: number },
): Promise<readonly ProbeResult[]> {
  const started = performance.now();
  const questions = probes.map(questionOf);
  const zones = probes.flatMap((probe, index) => (probe.kind === 'dns-zone' ? [index] : []));
  const [udp, tcp] = await Promise.all([
    askUdp(questions, timing),
    askTcp(
      zones.map((index) => questions[index] as DnsQuestion),
      timing.timeoutMs * timing.tries,
    ),
  ]);
  const overTcp = new Map(zones.map((index, position) => [index, tcp[position] as DnsOutcome]));
  const whole = await askCutAgain(questions, udp, overTcp, timing.timeoutMs);
  const tookMs = Math.round(performance.now() - started);
  return probes.map((probe, index) => ({ ...judgeDns(probe, whole[index] as DnsOutcome, overTcp.get(index)), tookMs }));
}

/** An answer that UDP cut short (TC, RFC 1035 §4.2.1) is asked for again over TCP. Zones are asked there anyway. */
async function askCutAgain(
  questions: readonly DnsQuestion[],
  udp: readonly DnsOutcome[],
  overTcp: ReadonlyMap<number, DnsOutcome>,
  timeoutMs: number,
): Promise<readonly DnsOutcome[]> {
  const cut = udp.flatMap((outcome, index) =>
    'packet' in outcome && outcome.packet.flag_tc && !overTcp.has(index) ? [index] : [],
  );
  if (cut.length === 0) return udp;
  const again = await askTcp(
    cut.map((index) => questions[index] as DnsQuestion),
    timeoutMs,
  );
  return udp.map((outcome, index) => again[cut.indexOf(index)] ?? outcome);
}

/** What a probe asks; a zone is asked over UDP and TCP. */
export function questionOf(probe: DnsProbe): DnsQuestion {
  const { server, port } = probe;
  switch (probe.kind) {
    case 'dns-zone':
      return { server, port, name: probe.zone, type: 'SOA', class: 'IN', recursive: false };
    case 'dns-version':
      return { server, port, name: 'version.bind', type: 'TXT', class: 'CH', recursive: false };
    case 'dns-name':
      return { server, port, name: probe.name, type: probe.type, class: 'IN', recursive: true };
  }
}

type Judged = Omit<ProbeResult, 'tookMs'>;

/** What the answers say, wherever they were asked from. `tcp` of zones only. */
export function judgeDns(probe: DnsProbe, udp: DnsOutcome, tcp: DnsOutcome | undefined): Judged {
  const silent = isSilent(udp) && (tcp === undefined || isSilent(tcp));
  return silent ? { ...judge(probe, udp, tcp), silent } : judge(probe, udp, tcp);
}

function isSilent(outcome: DnsOutcome): boolean {
  return 'failure' in outcome && outcome.silent === true;
}

function judge(probe: DnsProbe, udp: DnsOutcome, tcp: DnsOutcome | undefined): Judged {
  const at = `@${probe.server}:${probe.port}`;
  switch (probe.kind) {
    case 'dns-zone':
      return judgeZone(probe, `SOA ${probe.zone} ${at}`, udp, tcp ?? { failure: 'not asked' });
    case 'dns-version': {
      const name = `version.bind ${at}`;
      if ('failure' in udp) return { ok: false, service: 'dns', name, detail: udp.failure };
      const version = texts(udp.packet)[0] ?? '';
      return {
        ok: version === probe.expect,
        service: 'dns',
        name,
        detail:
          version === probe.expect
            ? 'the new configuration is loaded'
            : `answers ${JSON.stringify(version)}, expected ${JSON.stringify(probe.expect)}: another configuration is loaded`,
      };
    }
    case 'dns-name': {
      const name = `${probe.type} ${probe.name} ${at}`;
      if ('failure' in udp) return { ok: false, service: 'dns', name, detail: udp.failure };
      const packet: DecodedPacket = udp.packet;
      const data = (packet.answers ?? []).map(dataOf);
      const ok =
        packet.rcode === 'NOERROR' && (probe.expect === undefined ? data.length > 0 : data.includes(probe.expect));
      return {
        ok,
        service: 'dns',
        name,
        detail:
          `${packet.rcode} ${data.join(', ')}${ok || probe.expect === undefined ? '' : `, expected ${probe.expect}`}`.trim(),
      };
    }
  }
}

/** Both transports, authoritative, and the serial where one is expected: what a secondary or a resolver would need. */
function judgeZone(probe: DnsZoneProbe, name: string, udp: DnsOutcome, tcp: DnsOutcome): Judged {
  for (const [transport, outcome] of [
    ['udp', udp],
    ['tcp', tcp],
  ] as const) {
    const failed = (detail: string): Judged => ({ ok: false, service: 'dns', name: `${name}/${transport}`, detail });
    if ('failure' in outcome) return failed(outcome.failure);
    const packet: DecodedPacket = outcome.packet;
    const serial = serialOf(packet);
    if (packet.rcode !== 'NOERROR') return failed(packet.rcode ?? 'no rcode');
    if (serial === undefined) return failed('answers without an SOA record');
    if (!packet.flag_aa) return { ...failed(`serial ${serial}, but not authoritative`), serial };
    if (probe.serial !== undefined && serial !== probe.serial)
      return { ...failed(`serial ${serial}, expected ${probe.serial}`), serial };
  }
  const serial = 'packet' in udp ? serialOf(udp.packet) : undefined;
  return { ok: true, service: 'dns', name, detail: `serial ${serial}`, ...(serial === undefined ? {} : { serial }) };
}

function serialOf(packet: DecodedPacket): number | undefined {
  for (const answer of packet.answers ?? []) if (answer.type === 'SOA') return answer.data.serial;
  return undefined;
}

function texts(packet: DecodedPacket): readonly string[] {
  return (packet.answers ?? []).flatMap((answer) =>
    answer.type === 'TXT'
      ? [Buffer.concat([answer.data].flat().map((part) => Buffer.from(part))).toString('latin1')]
      : [],
  );
}

function dataOf(answer: NonNullable<DecodedPacket['answers']>[number]): string {
  const data: unknown = 'data' in answer ? answer.data : undefined;
  return typeof data === 'string' ? data : JSON.stringify(data);
}
