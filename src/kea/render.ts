/** The configuration file: typed data as JSON in the words of one release. Pure; the same input gives the same bytes. */
import { createHash } from 'node:crypto';
import { daemonOf } from './daemon.ts';
import { balancedPools, haParameters } from './ha.ts';
import type { Hook, Json, JsonObject, KeaConfig, PdPool, Pool, Reservation, Subnet } from './model.ts';
import { bootFieldsJson, classesJson, optionsJson } from './render-parts.ts';
import { type Dialect, dialectOf } from './version.ts';

export interface RenderedKea {
  readonly text: string;
  /** What the loaded configuration names in its user context once this very text is loaded: written is told from loaded. */
  readonly fingerprint: string;
}

/** Where the fingerprint stands, below `user-context`. */
export const CONTEXT_KEY = 'coreos-infra';

export function renderKea(config: KeaConfig): RenderedKea {
  const { root } = daemonOf(config.family);
  const body = bodyOf(config);
  const fingerprint = createHash('sha256').update(JSON.stringify(body)).digest('hex').slice(0, 16);
  const marked = { 'user-context': { [CONTEXT_KEY]: { fingerprint } }, ...body };
  return { text: `${JSON.stringify({ [root]: marked }, null, 2)}\n`, fingerprint };
}

/**
 * The same configuration, for `-T`: without a listener of HA's own, which `-T` cannot start ("CmdHttpListener cannot be started when
 * multi-threading is disabled", also for a sound configuration).
 */
export function renderForTrial(config: KeaConfig): string {
  const { text } = renderKea(config);
  return text.replaceAll('"http-dedicated-listener": true', '"http-dedicated-listener": false');
}

function bodyOf(config: KeaConfig): JsonObject {
  const { family, version, extra } = config;
  const daemon = daemonOf(family);
  const dialect = dialectOf(version);
  const socket = { 'socket-type': 'unix', 'socket-name': daemon.socket };
  return {
    'interfaces-config': {
      interfaces: config.interfaces,
      ...(family === 4 ? { 'dhcp-socket-type': config.socketType } : {}),
      // A card that comes up late: Kea would start without a socket and never try again.
      'service-sockets-max-retries': 100_000,
      'service-sockets-retry-wait-time': 5_000,
    },
    ...(dialect.controlSockets ? { 'control-sockets': [socket] } : { 'control-socket': socket }),
    'lease-database': { type: 'memfile', persist: true, name: daemon.leases, 'lfc-interval': config.lfcIntervalSec },
    'multi-threading': { 'enable-multi-threading': true },
    ...(family === 4 ? { authoritative: config.authoritative } : {}),
    'valid-lifetime': config.validLifetimeSec,
    ...(config.renewSec === undefined ? {} : { 'renew-timer': config.renewSec }),
    ...(config.rebindSec === undefined ? {} : { 'rebind-timer': config.rebindSec }),
    'hooks-libraries': hooksOf(config).map(hookJson),
    'option-data': optionsJson(config.options),
    // Kea takes no empty list here.
    ...(config.classes.length === 0 ? {} : { 'client-classes': classesJson(config.classes, dialect) }),
    [daemon.subnetKey]: config.subnets.map((subnet) => subnetJson(subnet, config, dialect)),
    loggers: [{ name: daemon.name, severity: config.logSeverity, 'output-options': [{ output: 'stdout' }] }],
    ...extra,
  };
}

/** lease_cmds first: without it HA cannot tell its partner of a lease. */
export function hooksOf({ hooks, ha }: KeaConfig): readonly Hook[] {
  const own: readonly Hook[] = [
    { library: 'libdhcp_lease_cmds.so' },
    ...(ha === undefined ? [] : [{ library: 'libdhcp_ha.so', parameters: haParameters(ha) }]),
  ];
  return [...own, ...hooks.filter(({ library }) => !own.some((one) => one.library === library))];
}

function hookJson({ library, parameters }: Hook): JsonObject {
  return { library, ...(parameters === undefined ? {} : { parameters }) };
}

function subnetJson(subnet: Subnet, config: KeaConfig, dialect: Dialect): JsonObject {
  const { ha, family } = config;
  const pools = ha?.mode === 'load-balancing' && family === 4 ? balancedPools(subnet.pools, ha) : subnet.pools;
  return {
    id: subnet.id,
    subnet: subnet.subnet,
    ...(subnet.interface === undefined ? {} : { interface: subnet.interface }),
    ...(subnet.validLifetimeSec === undefined ? {} : { 'valid-lifetime': subnet.validLifetimeSec }),
    ...(subnet.relays.length === 0 ? {} : { relay: { 'ip-addresses': subnet.relays } }),
    ...guard(subnet.clientClasses, dialect),
    ...(subnet.additionalClasses.length === 0
      ? {}
      : { [dialect.classLists ? 'evaluate-additional-classes' : 'require-client-classes']: subnet.additionalClasses }),
    ...bootFieldsJson(subnet),
    pools: pools.map((pool) => poolJson(pool, dialect)),
    ...(family === 6 ? { 'pd-pools': subnet.pdPools.map(pdPoolJson) } : {}),
    'option-data': optionsJson(subnet.options),
    reservations: subnet.reservations.map((reservation) => reservationJson(reservation, family)),
  };
}

/** Before 2.7.5 a pool or subnet is guarded by one class at most (settings.ts refuses more). */
function guard(classes: readonly string[], { classLists }: Dialect): JsonObject {
  if (classes.length === 0) return {};
  return classLists ? { 'client-classes': classes } : { 'client-class': classes[0] as Json };
}

function poolJson(pool: Pool, dialect: Dialect): JsonObject {
  return {
    pool: pool.range,
    ...guard(pool.clientClasses, dialect),
    ...(pool.options.length === 0 ? {} : { 'option-data': optionsJson(pool.options) }),
  };
}

function pdPoolJson({ prefix, delegatedLength }: PdPool): JsonObject {
  const [address = '', length] = prefix.split('/');
  return { prefix: address, 'prefix-len': Number(length), 'delegated-len': delegatedLength };
}

function reservationJson(reservation: Reservation, family: KeaConfig['family']): JsonObject {
  const { addresses, prefixes, hostname } = reservation;
  const address: JsonObject =
    family === 4
      ? addresses[0] === undefined
        ? {}
        : { 'ip-address': addresses[0] }
      : {
          ...(addresses.length > 0 ? { 'ip-addresses': addresses } : {}),
          ...(prefixes.length > 0 ? { prefixes } : {}),
        };
  return {
    [reservation.identifier]: reservation.value,
    ...address,
    ...(hostname === undefined ? {} : { hostname }),
    ...bootFieldsJson(reservation),
    ...(reservation.clientClasses.length === 0 ? {} : { 'client-classes': reservation.clientClasses }),
    ...(reservation.options.length === 0 ? {} : { 'option-data': optionsJson(reservation.options) }),
  };
}
