/** `run status --prometheus`: the same facts as metrics in the text format, for node_exporter's textfile collector. Pure. */
import { type FleetStatus, fleetVerdict, type HostStatusReport, mayZincatiUpdate } from '../engine/fleet.ts';
import { printable } from './sanitize.ts';
import type { Activity } from './status-activity.ts';

type Labels = Readonly<Record<string, string>>;

interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

interface Metric {
  readonly name: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

export interface PrometheusOptions {
  readonly exit: number;
  readonly nowMs: number;
  readonly activity: Activity;
}

export function prometheusText(status: FleetStatus, options: PrometheusOptions): string {
  const metrics = [...hostMetrics(status), ...serviceMetrics(status), ...fleetMetrics(status, options)];
  return metrics
    .filter(({ samples }) => samples.length > 0)
    .map(
      ({ name, help, samples }) =>
        `# HELP coreos_infra_${name} ${help}\n# TYPE coreos_infra_${name} gauge\n${samples.map((sample) => sampleLine(name, sample)).join('')}`,
    )
    .join('');
}

function of(
  among: readonly HostStatusReport[],
  value: (host: HostStatusReport) => number | undefined,
  labels: (host: HostStatusReport) => Labels = () => ({}),
): readonly Sample[] {
  return among.flatMap((host) => {
    const number = value(host);
    return number === undefined ? [] : [{ labels: { host: host.name, ...labels(host) }, value: number }];
  });
}

function hostMetrics({ hosts }: FleetStatus): readonly Metric[] {
  const reached = hosts.filter((host) => host.reached);
  return [
    metric(
      'host_reached',
      'Whether the host was reached over SSH.',
      of(hosts, (host) => Number(host.reached)),
    ),
    metric(
      'host_os_info',
      'The booted release, and the one that the next boot brings where that is another.',
      of(
        reached,
        ({ os }) => (os === null ? undefined : 1),
        ({ os }) => ({ version: os?.version ?? '', next: os?.next?.version ?? '' }),
      ),
    ),
    metric(
      'host_os_next_pending',
      'Whether the next boot brings another release.',
      of(reached, ({ os }) => Number(os?.next !== undefined)),
    ),
    metric(
      'host_generation',
      'The last confirmed generation of configuration.',
      of(reached, ({ generation }) => generation),
    ),
    metric(
      'host_change_set_open',
      'Whether a change set or an OS upgrade has not ended.',
      of(reached, ({ changeSet }) => Number(changeSet !== null)),
    ),
    metric(
      'host_change_set_failed',
      'Whether a change set could neither be confirmed nor undone, and waits for a person.',
      of(reached, ({ changeSet }) => Number(changeSet?.state === 'failed')),
    ),
    metric(
      'host_locked',
      'Whether a run holds the host.',
      of(reached, ({ lease }) => Number(lease !== null)),
    ),
    metric(
      'host_reverted',
      'Whether the last change went back, and none was confirmed since.',
      of(reached, ({ reverted }) => Number(reverted !== null)),
    ),
    metric(
      'host_drifted_paths',
      'Files and folders that a person changed since we wrote them.',
      of(reached, ({ drift }) => drift.length),
    ),
    metric(
      'host_clock_offset_seconds',
      'The host’s clock minus the clock of the machine that asks.',
      of(reached, ({ clock }) => (clock ? clock.offsetMs / 1000 : undefined)),
    ),
    metric(
      'host_zincati_active',
      'Whether the host’s own updater runs, and its settings let it update.',
      of(reached, ({ zincati }) => (zincati ? Number(mayZincatiUpdate(zincati)) : undefined)),
    ),
    metric(
      'host_uptime_seconds',
      'Since the last boot of the host.',
      of(reached, ({ uptimeSec }) => uptimeSec ?? undefined),
    ),
  ];
}

function serviceMetrics({ hosts }: FleetStatus): readonly Metric[] {
  const all = hosts.flatMap((host) =>
    Object.entries(host.services).map(([service, state]) => ({ labels: { host: host.name, service }, state })),
  );
  const known = all.filter(({ state }) => state.state === 'serves' || state.state === 'fails');
  return [
    metric(
      'service_serving',
      'Whether everything that the service promises is answered; absent while it is not in service, or nobody knows.',
      known.map(({ labels, state }) => ({ labels, value: Number(state.state === 'serves') })),
    ),
    metric(
      'service_deployed',
      'Whether the role was once confirmed on this host.',
      all.map(({ labels, state }) => ({ labels, value: Number(state.deployed) })),
    ),
    metric(
      'service_failed_probes',
      'Questions that are not answered as they should.',
      known.map(({ labels, state }) => ({ labels, value: state.failed.length })),
    ),
    metric(
      'service_zones_answering',
      'Zones that are answered as they should.',
      all.flatMap(({ labels, state }) => (state.zones === undefined ? [] : [{ labels, value: state.zones.answering }])),
    ),
    metric(
      'service_zones_expected',
      'Zones that should be answered.',
      all.flatMap(({ labels, state }) => (state.zones === undefined ? [] : [{ labels, value: state.zones.asked }])),
    ),
    metric(
      'service_ntp_offset_seconds',
      'What the NTP server’s time is ahead of the machine that asks.',
      all.flatMap(({ labels, state }) =>
        state.time === undefined ? [] : [{ labels, value: state.time.offsetMs / 1000 }],
      ),
    ),
    metric(
      'service_ntp_stratum',
      'The stratum that the NTP server claims.',
      all.flatMap(({ labels, state }) => (state.time === undefined ? [] : [{ labels, value: state.time.stratum }])),
    ),
  ];
}

function fleetMetrics(status: FleetStatus, { exit, nowMs, activity }: PrometheusOptions): readonly Metric[] {
  const { serving } = fleetVerdict(status);
  const { last, next } = activity;
  return [
    metric('fleet_hosts', 'Hosts that were asked.', [{ labels: {}, value: status.hosts.length }]),
    metric('fleet_hosts_serving', 'Hosts that serve everything that they should.', [
      { labels: {}, value: serving.length },
    ]),
    metric('fleet_problems', 'Playbooks, vars and zones that are wrong.', [
      { labels: {}, value: status.problems.length },
    ]),
    metric('status_exit_code', 'What run status ends with: 0 when all is well.', [{ labels: {}, value: exit }]),
    metric('status_timestamp_seconds', 'When this was written, in seconds since 1970.', [
      { labels: {}, value: Math.round(nowMs / 1000) },
    ]),
    metric(
      'last_run_timestamp_seconds',
      'When the last run began, in seconds since 1970.',
      last === undefined
        ? []
        : [{ labels: { command: last.command }, value: Math.round(Date.parse(last.startedAt) / 1000) }],
    ),
    metric(
      'last_run_exit_code',
      'How the last run ended.',
      last === undefined || last.exit === null ? [] : [{ labels: { command: last.command }, value: last.exit }],
    ),
    metric(
      'next_run_timestamp_seconds',
      'When the next scheduled run begins, in seconds since 1970.',
      next === undefined ? [] : [{ labels: { schedule: next.name }, value: Math.round(Date.parse(next.at) / 1000) }],
    ),
  ];
}

function metric(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name, help, samples };
}

function sampleLine(name: string, { labels, value }: Sample): string {
  const all = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
  return `coreos_infra_${name}${all.length === 0 ? '' : `{${all.join(',')}}`} ${value}\n`;
}

function escaped(text: string): string {
  return printable(text).replaceAll('\\', '\\\\').replaceAll('"', '\\"');
}
