/** From answers to services: who serves, who does not, and what is not in service yet. */
import { runProbes } from '../probes/run.ts';
import type { Probe, ProbeResult } from '../probes/types.ts';
import type { Vantage } from '../probes/via-host.ts';
import { askSilentAgain } from './ask.ts';
import type { ServiceState, ServiceWord } from './fleet.ts';
import type { HostRole } from './host-roles.ts';
import { failedProbes, judgeProbes } from './judge.ts';
import { hasConfirmed, isMembersOwn, memberSerials } from './redundancy.ts';
import type { RunContext } from './run-context.ts';
import type { HostLook, RoleLook } from './status-look.ts';

/** What is known of one role on one host before its peers are looked at. */
interface Judged {
  readonly host: string;
  readonly role: HostRole;
  readonly isReached: boolean;
  readonly isConfirmed: boolean;
  /** The service itself answered something, however badly. */
  readonly answers: boolean;
  readonly probes: readonly Probe[];
  readonly results: readonly ProbeResult[];
}

/** By host, then service. */
export async function serviceStates(
  ctx: RunContext,
  looks: readonly HostLook[],
  roles: readonly HostRole[],
): Promise<ReadonlyMap<string, Readonly<Record<string, ServiceState>>>> {
  const served = looks.flatMap((look) =>
    look.roles.filter(({ role }) => role.service !== undefined).map((one) => ({ look, one })),
  );
  const judged = await Promise.all(served.map(({ look, one }) => judgeRole(ctx, look, one, looks)));
  const inService = new Set<string>();
  for (const key of new Set(judged.map(serviceKey))) {
    const same = judged.filter((one) => serviceKey(one) === key);
    const known = same.some(({ isConfirmed, answers }) => isConfirmed || answers);
    if (known || (await answersElsewhere(same[0] as Judged, looks, roles))) inService.add(key);
  }
  const states = new Map<string, Record<string, ServiceState>>();
  for (const one of judged) {
    const services = states.get(one.host) ?? {};
    states.set(one.host, services);
    const service = one.role.service as string;
    services[service] = worse(services[service], stateOf(one, inService.has(serviceKey(one))));
  }
  return states;
}

/** Hosts that stand in for each other share a service's fate of being in service. */
function serviceKey({ role }: Pick<Judged, 'role'>): string {
  return `${role.service} ${role.pattern}`;
}

async function judgeRole(
  ctx: RunContext,
  { host, observation, connection }: HostLook,
  { role, probes, results }: RoleLook,
  looks: readonly HostLook[],
): Promise<Judged> {
  const { desired } = role;
  const base = { host: host.name, role };
  const answersIn = (all: readonly ProbeResult[]): boolean =>
    all.some((result, index) => probes[index]?.kind !== 'unit' && isAnswer(result));
  if (observation === undefined || connection === undefined) {
    const kept = probes.map(({ kind }) => kind !== 'unit' && kind !== 'host' && kind !== 'dns-version');
    return {
      ...base,
      isReached: false,
      isConfirmed: false,
      answers: answersIn(results),
      probes: probes.filter((_, index) => kept[index]),
      results: results.filter((_, index) => kept[index]),
    };
  }
  const answers = await askSilentAgain(
    ctx,
    probes,
    results,
    vantagesFor(host.name, looks),
    // Silence of DHCP passes, and what its servers say of themselves is known: a second look would cost seconds.
    ({ kind }) => kind === 'dhcp',
  );
  const expected = desired.probes(memberSerials(desired, observation));
  const verdicts = judgeProbes(expected, answers, observation);
  const isOwn = isMembersOwn(desired, observation);
  const kept = expected.map(isOwn);
  return {
    ...base,
    isReached: true,
    isConfirmed: hasConfirmed(desired, observation),
    answers: answersIn(answers),
    probes: expected.filter((_, index) => kept[index]),
    results: verdicts.filter((_, index) => kept[index]),
  };
}

function vantagesFor(host: string, looks: readonly HostLook[]): readonly Vantage[] {
  const all = looks.flatMap((look) =>
    look.connection === undefined ? [] : [{ name: look.host.name, connection: look.connection }],
  );
  return [...all.filter(({ name }) => name !== host), ...all.filter(({ name }) => name === host)];
}

/** Members that `run status` was not asked about may serve all the same: their addresses are asked, no login. */
async function answersElsewhere(
  { role }: Judged,
  looks: readonly HostLook[],
  roles: readonly HostRole[],
): Promise<boolean> {
  const shown = new Set(looks.map(({ host }) => host.name));
  const others = roles.filter(
    (other) => serviceKey({ role: other }) === serviceKey({ role }) && !shown.has(other.host.name),
  );
  const probes = others
    .flatMap(({ desired }) => desired.probes(new Map()))
    .filter(({ kind }) => kind !== 'unit' && kind !== 'host');
  return (await runProbes(probes, { timeoutMs: 1_000, tries: 1 })).some(isAnswer);
}

/** Something came back, however bad. A probe of DHCP passes in silence: a standby is silent too. */
function isAnswer({ ok, silent, serial }: ProbeResult): boolean {
  return (ok && silent !== true) || serial !== undefined;
}

function stateOf(one: Judged, isInService: boolean): ServiceState {
  const { role, probes, results, isConfirmed, isReached } = one;
  const failed = failedProbes(results);
  const zones = zoneCount(probes, results);
  const time = results.find((result) => result.time !== undefined)?.time;
  const from = results.find((result) => result.from !== undefined)?.from;
  return {
    state: word(one, failed.length, isInService),
    deployed: isConfirmed,
    playbook: role.playbook,
    ...(zones === undefined ? {} : { zones }),
    ...(time === undefined ? {} : { time }),
    failed: isInService && isReached ? failed.map(({ name, detail }) => ({ name, detail })) : [],
    warnings: isInService ? results.flatMap(({ warning }) => (warning === undefined ? [] : [warning])) : [],
    ...(from === undefined ? {} : { askedFrom: from }),
  };
}

function word({ results, isReached }: Judged, failed: number, isInService: boolean): ServiceWord {
  if (!isReached) return failed === 0 && results.length > 0 ? 'serves' : 'unknown';
  if (!isInService) return 'not-in-service';
  if (results.length === 0) return 'unknown';
  return failed === 0 ? 'serves' : 'fails';
}

/** A zone counts as answering when it does on all addresses. */
function zoneCount(probes: readonly Probe[], results: readonly ProbeResult[]): ServiceState['zones'] {
  const zones = new Map<string, boolean>();
  for (const [index, probe] of probes.entries()) {
    if (probe.kind === 'dns-zone')
      zones.set(probe.zone, (zones.get(probe.zone) ?? true) && results[index]?.ok === true);
  }
  if (zones.size === 0) return undefined;
  return { answering: [...zones.values()].filter(Boolean).length, asked: zones.size };
}

const ORDER: readonly ServiceWord[] = ['fails', 'unknown', 'serves', 'not-in-service'];

/** Two roles of one service on a host: the one that needs somebody to look at it. */
function worse(one: ServiceState | undefined, two: ServiceState): ServiceState {
  if (one === undefined) return two;
  return ORDER.indexOf(one.state) <= ORDER.indexOf(two.state) ? one : two;
}
