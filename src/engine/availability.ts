/** What clients noticed while hosts of a redundancy group were changed: a query loop for each service that its members serve. */
import type { LoopFigure, LoopService, QueryTarget } from '../probes/query-loop.ts';
import type { Probe } from '../probes/types.ts';
import { isClosed } from './ask.ts';
import type { AvailabilityFigure } from './events.ts';
import { memberProbes } from './redundancy.ts';
import type { RunContext } from './run-context.ts';
import type { SurveyedHost } from './survey.ts';

export type Availability = Readonly<Record<string, Readonly<Record<string, AvailabilityFigure>>>>;

export interface AvailabilityLoop {
  stop(): Promise<Availability>;
}

/** Queries a second to each member: light ones. Time is asked more rarely than any client would mind, an address is an exchange. */
const RATES: Readonly<Record<LoopService, number>> = { dns: 20, ntp: 5, dhcp: 2 };
const DHCP_WITHIN_MS = 1_000;

/**
 * Members that serve nothing yet are not asked: nobody can miss them; nor those whose service cannot be reached from here.
 * undefined when there is nothing to measure.
 */
export async function startAvailability(
  ctx: RunContext,
  reached: readonly SurveyedHost[],
  serving: ReadonlySet<string>,
): Promise<AvailabilityLoop | undefined> {
  const wanted = reached
    .filter(({ desired }) => serving.has(desired.host.name))
    .map(({ desired, observation }) => ({ name: desired.host.name, probes: memberProbes(desired, observation) }));
  const targets = [
    ...wanted.flatMap(({ name, probes }) => targetsOf(name, probes)).filter(({ server }) => !isClosed(ctx, server)),
    ...(await dhcpTargets(wanted.flatMap(({ probes }) => probes))),
  ];
  if (targets.length === 0) return undefined;
  const { QueryLoop } = await import('../probes/query-loop.ts');
  const services = [...new Set(targets.map(({ service }) => service))];
  const loops = services.map((service) => {
    const loop = new QueryLoop(
      targets.filter((target) => target.service === service),
      { rate: service === 'ntp' ? timeRate(wanted.flatMap(({ probes }) => probes)) : RATES[service] },
    );
    loop.start();
    return { service, loop };
  });
  return {
    async stop() {
      const figures = await Promise.all(
        loops.map(async ({ service, loop }) => [service, figuresOf(service, await loop.stop())] as const),
      );
      return Object.fromEntries(figures);
    },
  };
}

/** Of a DHCP pair one server answers each client, and the other is silent by design: only the group has a figure. */
function figuresOf(
  service: LoopService,
  { group, members }: { readonly group: LoopFigure; readonly members: Readonly<Record<string, LoopFigure>> },
): Readonly<Record<string, AvailabilityFigure>> {
  return service === 'dhcp' ? { group } : { group, ...members };
}

/** A server that limits how often it answers would look as if it had gaps. */
function timeRate(probes: readonly Probe[]): number {
  const limits = probes.flatMap((probe) => (probe.kind === 'ntp' ? (probe.answersEverySec ?? []) : []));
  return Math.min(RATES.ntp, ...limits.map((seconds) => 1 / seconds));
}

function targetsOf(name: string, probes: readonly Probe[]): readonly QueryTarget[] {
  const zones = probes.filter((probe) => probe.kind === 'dns-zone');
  const [dns] = zones;
  const time = probes.find((probe) => probe.kind === 'ntp');
  return [
    ...(dns === undefined
      ? []
      : [
          {
            service: 'dns' as const,
            name,
            server: dns.server,
            port: dns.port,
            zones: [...new Set(zones.map(({ zone }) => zone))],
          },
        ]),
    ...(time === undefined ? [] : [{ service: 'ntp' as const, name, server: time.server, port: time.port }]),
  ];
}

/** All servers that probes name, if any of them answers this machine now; else it would measure the way there, and not the service. */
async function dhcpTargets(probes: readonly Probe[]): Promise<readonly QueryTarget[]> {
  const dhcp = probes.filter((probe) => probe.kind === 'dhcp');
  const [first] = dhcp;
  if (first === undefined) return [];
  const { askDhcp } = await import('../probes/dhcp.ts');
  const servers = [...new Set(dhcp.flatMap((probe) => probe.servers))];
  const { ok, silent } = await askDhcp({ ...first, servers, exchange: 'offer' }, DHCP_WITHIN_MS);
  if (!ok || silent === true) return [];
  return servers.map((server) => ({ service: 'dhcp', name: server, server, port: first.port, link: first.link }));
}
