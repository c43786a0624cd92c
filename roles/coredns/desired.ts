/** What the role wants of a host, from vars and zones: used by resources and probes alike. Pure. */
import { type Host, reverseZones, type Zone } from 'coreos-infra';
import type { CorefileInput } from './corefile.ts';
import { CorefileError } from './errors.ts';
import { checkExtra } from './extra.ts';
import type { CorednsVars } from './vars.schema.ts';

export const FOLDER = '/etc/coredns';
export const ZONES = `${FOLDER}/zones`;

export interface Context {
  readonly vars: CorednsVars;
  readonly host: Host;
  zones(): readonly Zone[];
}

export function listenAddresses({ vars: { listen }, host }: Context): readonly string[] {
  if (listen !== undefined) return listen;
  if (/^[0-9.]+$|:/.test(host.address)) return [host.address];
  throw new CorefileError(`${host.name} has no address to serve on, only the name ${host.address}`, {
    host: host.name,
    remedy: `Give it the var address (for example address: 192.0.2.11/24), or coredns_listen.`,
  });
}

/** Those that others can ask: 127.0.0.1 as the controller sees it is the controller. */
export function askedAddresses(context: Context): readonly string[] {
  return listenAddresses(context).filter((address) => !/^127\.|^(?:0{0,4}:){2,7}0{0,3}1$/.test(address));
}

/** Made once for all hosts of a run: zones are compared and rendered by identity. */
const made = new WeakMap<readonly Zone[], Map<string, readonly Zone[]>>();

/** The zones of the inventory, and the reverse zones made of them. */
export function servedZones({ vars: { reverse }, host, zones }: Context): readonly Zone[] {
  const written = zones();
  if (reverse.length === 0) return written;
  const known = made.get(written) ?? new Map<string, readonly Zone[]>();
  made.set(written, known);
  const key = reverse.join(' ');
  const served = known.get(key) ?? [
    ...written,
    ...reverseZones(written, reverse, (index) => host.origin('coredns_reverse', index)).zones,
  ];
  known.set(key, served);
  return served;
}

export function corefileInput(context: Context): CorefileInput {
  const { vars, host } = context;
  checkExtra(vars.extra, host.origin('coredns_extra'));
  return {
    listen: listenAddresses(context),
    port: 53,
    zones: servedZones(context)
      .map(({ name }) => name)
      .toSorted(),
    zoneFolder: ZONES,
    forwarders: vars.forwarders,
    cacheSec: vars.cache,
    health: vars.health,
    ready: vars.ready,
    prometheus: vars.prometheus,
    lameduckSec: vars.lameduck_sec,
    errors: vars.errors,
    log: vars.log,
    transferTo: vars.transfer_to,
    extra: vars.extra,
  };
}
