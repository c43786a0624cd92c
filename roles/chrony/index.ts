/** chronyd of the host, serving the time of its upstreams to the LAN; the hosts of the play agree on one time when all upstreams are lost. */
import { defineRole, directory, file, raw, renderUnit, unit } from 'coreos-infra';
import { chronyConf, KEY_FILE, SOURCES_FOLDER, scratchConf } from './chrony-conf.ts';
import { sourceChosen, sourcesKnown } from './commands.ts';
import { keyFile } from './keys.ts';
import { chronySettings } from './settings.ts';
import { sourcesFile } from './sources.ts';
import { confValidation, sourcesValidation } from './validation.ts';
import { vars } from './vars.schema.ts';

const CONF = '/etc/chrony.conf';
const UPSTREAM = `${SOURCES_FOLDER}/upstream.sources`;
const PEERS = `${SOURCES_FOLDER}/peers.sources`;
const DROP_IN = '/etc/systemd/system/chronyd.service.d';

export const chrony = defineRole({
  name: 'chrony',
  description: 'chrony: time for the LAN, from upstream servers and from each other',
  service: 'ntp',
  vars,

  resources(context) {
    const settings = chronySettings(context);
    const conf = file(CONF, {
      content: chronyConf(settings),
      validate: confValidation(CONF, scratchConf(settings)),
    });
    // Both always stand there, if need be empty: a file that goes could not say that a reload is enough.
    const upstream = file(UPSTREAM, {
      content: sourcesFile(settings.upstreams),
      validate: sourcesValidation(UPSTREAM),
    });
    const peers = file(PEERS, { content: sourcesFile(settings.peers), validate: sourcesValidation(PEERS) });
    const { keys: wanted, group } = settings.vars;
    const keys = wanted.length === 0 ? [] : [file(KEY_FILE, { content: keyFile(wanted), mode: 0o640, group })];
    const chosen = sourceChosen(settings, [conf, upstream, peers]);
    return [
      directory('/etc/chrony.d'),
      directory(SOURCES_FOLDER),
      upstream,
      peers,
      ...keys,
      conf,
      directory(DROP_IN),
      file(`${DROP_IN}/50-coreos-infra.conf`, { content: dropIn() }),
      unit('chronyd.service', { enabled: true, restartOn: [conf], reloadOn: [upstream, peers, ...keys], order: 10 }),
      sourcesKnown(settings),
      ...(chosen === undefined ? [] : [chosen]),
    ];
  },

  probes(context) {
    const { vars: wanted, host } = context;
    const running = { kind: 'unit' as const, unit: 'chronyd.service' };
    if (wanted.allow?.length === 0) return [running];
    return [
      running,
      {
        kind: 'ntp',
        server: host.address,
        port: 123,
        localStratum: wanted.local_stratum === 0 ? 16 : wanted.local_stratum,
        maxOffsetMs: wanted.max_offset_ms,
        maxRootDistanceMs: wanted.max_root_distance_ms,
        ...(wanted.ratelimit ? { answersEverySec: 2 ** wanted.ratelimit_interval } : {}),
      },
    ];
  },
});

/** chronyd.service of the distributions cannot reload; with this a change of sources or keys, also one that is reverted, is a reload. */
function dropIn(): string {
  return renderUnit({
    Service: {
      // +: as root, whatever the unit's User= and sandbox: the socket of chronyd is root's and chronyd's own.
      // Keys first: a new source may need a new one.
      ExecReload: ['', raw('+/usr/bin/chronyc rekey'), raw('+/usr/bin/chronyc reload sources')],
      Restart: 'on-failure',
      RestartSec: 5,
    },
  });
}
