/** Probes asked on a host, over SSH, for services that this machine cannot reach: DNS with dig, time with chronyd -Q, DHCP with bash, ports by forwarding. */
import { quoteArgv } from '../ssh/quote.ts';
import type { Connection } from '../ssh/transport.ts';
import { digCommand, parseDig } from './dig.ts';
import { type DnsProbe, judgeDns, questionOf } from './dns.ts';
import type { DnsOutcome, DnsQuestion } from './dns-exchange.ts';
import { ntpProbeName } from './ntp.ts';
import type { DhcpProbe, NtpProbe, Probe, ProbeResult, TcpProbe } from './types.ts';

/** Where questions are asked from. */
export interface Vantage {
  /** As reports name it. */
  readonly name: string;
  readonly connection: Connection;
}

/** Of one question on the host, s; the link's own delays come on top. */
const QUESTION_SEC = 2;
const TOTAL_SEC = 6;
const EXEC_MS = (TOTAL_SEC + 4) * 1000;

/** Results in the order of `probes`; undefined for those that cannot be asked from there (no dig, no link, another kind). */
export async function runProbesVia(
  vantage: Vantage,
  probes: readonly Probe[],
): Promise<readonly (ProbeResult | undefined)[]> {
  const started = performance.now();
  const dns = probes.filter((probe): probe is DnsProbe => probe.kind.startsWith('dns-'));
  const answers = new Map<Probe, Omit<ProbeResult, 'tookMs'> | undefined>();
  const work = [...byServer(dns).values()].map(async (group) => {
    const judged = await askDig(vantage, group);
    for (const [index, probe] of group.entries()) answers.set(probe, judged?.[index]);
  });
  for (const probe of probes) {
    if (probe.kind === 'tcp') work.push(connectVia(vantage, probe).then((result) => void answers.set(probe, result)));
    if (probe.kind === 'ntp') work.push(askChronyd(vantage, probe).then((result) => void answers.set(probe, result)));
    if (probe.kind === 'dhcp') work.push(askDhcpFrom(vantage, probe).then((result) => void answers.set(probe, result)));
  }
  const { runHostProbes } = await import('./on-host.ts');
  const own = runHostProbes(vantage, probes);
  await Promise.all(work);
  const told = await own;
  const tookMs = Math.round(performance.now() - started);
  return probes.map((probe) => {
    const result = answers.get(probe);
    return result === undefined
      ? told.get(probe)
      : { ...result, detail: `${result.detail} (asked from ${vantage.name})`, from: vantage.name, tookMs };
  });
}

function byServer(probes: readonly DnsProbe[]): ReadonlyMap<string, readonly DnsProbe[]> {
  const groups = new Map<string, DnsProbe[]>();
  for (const probe of probes) {
    const key = `${probe.server} ${probe.port}`;
    groups.set(key, [...(groups.get(key) ?? []), probe]);
  }
  return groups;
}

async function askDig(
  vantage: Vantage,
  probes: readonly DnsProbe[],
): Promise<readonly Omit<ProbeResult, 'tookMs'>[] | undefined> {
  const questions = probes.map(questionOf);
  const zones = probes.flatMap((probe, index) => (probe.kind === 'dns-zone' ? [index] : []));
  const [udp, tcp] = await Promise.all([
    dig(vantage, questions, false),
    zones.length === 0
      ? []
      : dig(
          vantage,
          zones.map((index) => questions[index] as DnsQuestion),
          true,
        ),
  ]);
  if (udp === undefined || tcp === undefined) return undefined;
  const overTcp = new Map(zones.map((index, position) => [index, tcp[position] as DnsOutcome]));
  return probes.map((probe, index) => judgeDns(probe, udp[index] as DnsOutcome, overTcp.get(index)));
}

/** undefined: dig did not run there. */
async function dig(
  { connection }: Vantage,
  questions: readonly DnsQuestion[],
  tcp: boolean,
): Promise<readonly DnsOutcome[] | undefined> {
  const command = digCommand(questions, { tcp, timeoutSec: QUESTION_SEC, totalSec: TOTAL_SEC });
  const result = await exec(connection, command);
  // 127: not there. Other codes say that something was not answered (9), which the text says better.
  if (result === undefined || result.code === 127) return undefined;
  return parseDig(result.stdout.toString('utf8'), questions);
}

/** chronyd(8) -Q prints the offset of the clock and sets nothing; -U lets any user do so. */
async function askChronyd({ connection }: Vantage, probe: NtpProbe): Promise<Omit<ProbeResult, 'tookMs'> | undefined> {
  const source = `server ${probe.server} port ${probe.port} iburst maxsamples 1`;
  const argv = ['timeout', '-k', '1', String(TOTAL_SEC), 'chronyd', '-Q', '-U', '-t', String(QUESTION_SEC + 1), source];
  const result = await exec(connection, `LC_ALL=C PATH="$PATH:/usr/sbin" ${quoteArgv(argv)} 2>&1`);
  if (result === undefined || result.code === 127) return undefined;
  const base = { service: 'ntp', name: ntpProbeName(probe) };
  const seconds = /System clock wrong by (-?[0-9.]+) seconds/.exec(result.stdout.toString('utf8'))?.[1];
  if (seconds === undefined) return { ...base, ok: false, detail: 'no usable answer' };
  const offsetMs = Number(seconds) * 1000;
  const isNear = Math.abs(offsetMs) <= probe.maxOffsetMs;
  const detail = `offset ${offsetMs.toFixed(1)} ms${isNear ? '' : `, more than ${probe.maxOffsetMs} ms`}`;
  return { ...base, ok: isNear, detail };
}

/** undefined: none of the servers offered anything to this host. */
async function askDhcpFrom(
  { connection }: Vantage,
  probe: DhcpProbe,
): Promise<Omit<ProbeResult, 'tookMs'> | undefined> {
  const { dhcpAnswer, dhcpQuery } = await import('./dhcp-via-host.ts');
  const answers = probe.servers.map(async (server) => {
    const query = dhcpQuery(probe, server);
    const result = query === undefined ? undefined : await exec(connection, query.command);
    return query === undefined || result === undefined
      ? undefined
      : dhcpAnswer(probe, query, result.stdout.toString('latin1'));
  });
  return (await Promise.all(answers)).find((answer) => answer !== undefined);
}

async function connectVia(
  { connection }: Vantage,
  { address, port }: TcpProbe,
): Promise<Omit<ProbeResult, 'tookMs'> | undefined> {
  const base = { service: 'tcp', name: `tcp ${address}:${port}` };
  try {
    const stream = await connection.forward(address, port, QUESTION_SEC * 1000);
    stream.on('error', () => {});
    stream.destroy();
    return { ...base, ok: true, detail: 'accepts connections' };
  } catch {
    return { ...base, ok: false, detail: 'does not accept connections' };
  }
}

/** undefined: the link or its deadline. The host is looked at by others; here it is only a place to ask from. */
async function exec(
  connection: Connection,
  command: string,
): Promise<Awaited<ReturnType<Connection['exec']>> | undefined> {
  try {
    return await connection.exec(command, { what: 'asking the service', timeoutMs: EXEC_MS });
  } catch {
    return undefined;
  }
}
