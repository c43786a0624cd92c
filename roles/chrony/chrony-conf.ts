/** chrony.conf, from checked settings (chrony.conf(5)). Pure. */
import type { ChronySettings } from './settings.ts';

export const KEY_FILE = '/etc/chrony.keys';
export const SOURCES_FOLDER = '/etc/chrony.d/sources';
const LEAP_SECONDS = {
  list: ['leapseclist /usr/share/zoneinfo/leap-seconds.list'],
  timezone: ['leapsectz right/UTC'],
  none: [],
} as const;

/** The default of Fedora reads /run/chrony-dhcp as well; left out here, so that no DHCP server can choose the time. */
export function chronyConf(settings: ChronySettings): string {
  return lines([
    '# Written by coreos-infra (role chrony). Changes made here are replaced by the next run.',
    `# Servers, pools and peers: ${SOURCES_FOLDER}`,
    `sourcedir ${SOURCES_FOLDER}`,
    'driftfile /var/lib/chrony/drift',
    'ntsdumpdir /var/lib/chrony',
    'logdir /var/log/chrony',
    ...(settings.vars.keys.length === 0 ? [] : [`keyfile ${KEY_FILE}`]),
    ...behaviour(settings),
  ]);
}

/**
 * The same behaviour without anything that a running chronyd owns (ports, socket, files): started beside it, it shows whether
 * chronyd survives its start, which `chronyd -p` does not tell. It must be run with -x and a pidfile of its own.
 */
export function scratchConf(settings: ChronySettings): string {
  return lines([
    'port 0',
    'cmdport 0',
    'bindcmdaddress /', // no Unix socket: it would take the place of the true one
    // Without anything to wait for chronyd ends ("Nothing to do"): the discard port never answers.
    'server 127.0.0.1 port 9',
    ...behaviour(settings).filter((line) => !line.startsWith('bindcmdaddress')),
  ]);
}

function behaviour({ vars, allow }: ChronySettings): readonly string[] {
  return [
    ...(vars.makestep_updates === 0 ? [] : [`makestep ${vars.makestep_sec} ${vars.makestep_updates}`]),
    ...(vars.rtcsync ? ['rtcsync'] : []),
    `minsources ${vars.minsources}`,
    ...LEAP_SECONDS[vars.leapsec],
    ...(vars.local_stratum === 0 ? [] : [`local stratum ${vars.local_stratum} orphan`]),
    ...allow.map((network) => `allow ${network}`),
    ...(vars.ratelimit
      ? [`ratelimit interval ${vars.ratelimit_interval} burst ${vars.ratelimit_burst} leak ${vars.ratelimit_leak}`]
      : []),
    ...vars.bindcmdaddress.map((address) => `bindcmdaddress ${address}`),
  ];
}

function lines(all: readonly string[]): string {
  return `${all.join('\n')}\n`;
}
