/** From vars and play to what each server is told; checked as a whole, since a schema sees one value at a time. Pure. */
import type { Host, RoleContext } from 'coreos-infra';
import type { Family } from '../../src/kea/addresses.ts';
import { bootClasses } from '../../src/kea/boot.ts';
import { checkConfig } from '../../src/kea/check-config.ts';
import type { HaPeer, HaSettings, JsonObject, KeaConfig } from '../../src/kea/model.ts';
import type { KeaProblem } from '../../src/kea/problems.ts';
import { isAtLeast, type KeaVersion, OLDEST, versionOf } from '../../src/kea/version.ts';
import { InvalidValueError, type ValueProblem } from '../../src/schema/errors.ts';
import { clientClasses, optionsOf, subnets } from './from-vars.ts';
import type { KeaVars } from './vars.schema.ts';

export type KeaContext = Pick<RoleContext<KeaVars>, 'vars' | 'host' | 'members'>;

export interface KeaServer {
  readonly config: KeaConfig;
  readonly image: string;
}

/** One server for each family that has subnets. @throws InvalidValueError with the place of every value that cannot be right. */
export function keaServers(context: KeaContext): readonly KeaServer[] {
  const { vars, host, members } = context;
  const problems: KeaProblem[] = [];
  const servers: KeaServer[] = [];
  const taken = members.map(({ name, address }) => ({ address, what: `the host ${name} itself` }));
  const ha = highAvailability(context, problems);
  const families: readonly Family[] = vars.subnets6.length === 0 ? [4] : vars.subnets.length === 0 ? [6] : [4, 6];
  for (const family of families) {
    const image = family === 4 ? vars.image : (vars.dhcp6_image ?? vars.image);
    if (family === 6 && vars.dhcp6_image === undefined)
      problems.push({
        path: ['subnets6'],
        value: '',
        message: 'kea_subnets6 needs kea_dhcp6_image',
        remedy: 'Name the image of kea-dhcp6.',
      });
    const config = configOf(context, family, versionOfImage(image, vars, problems), ha, problems);
    const names = family === 4 ? FOUR : SIX;
    problems.push(...checkConfig({ config, vars: names, taken }));
    servers.push({ config, image });
  }
  if (problems.length > 0)
    throw new InvalidValueError(
      problems.map((one) => placed(one, host)),
      host.name,
    );
  return servers;
}

const FOUR = { subnets: 'subnets', classes: 'client_classes', options: 'options', extra: 'extra' };
const SIX = { subnets: 'subnets6', classes: 'client_classes6', options: 'options6', extra: 'extra6' };

function placed({ path: [key, ...rest], value, message, remedy }: KeaProblem, host: Host): ValueProblem {
  const path = [`kea_${key}`, ...rest];
  const where = originOf(host, path);
  return { path, value, message, remedy, expected: '', ...(where === undefined ? {} : { where }) };
}

/** Of the innermost value that was written: a class that the role made itself stands nowhere. */
function originOf(host: Host, path: readonly (string | number)[]): ReturnType<Host['origin']> {
  for (let length = path.length; length > 0; length--) {
    const where = host.origin(...path.slice(0, length));
    if (where !== undefined) return where;
  }
  return undefined;
}

function versionOfImage(image: string, vars: KeaVars, problems: KeaProblem[]): KeaVersion {
  const version = versionOf(vars.version ?? image);
  if (version === undefined)
    problems.push({
      path: ['image'],
      value: image,
      message: `which Kea is in ${image} cannot be told by its tag`,
      remedy: 'Say it in kea_version, e.g. kea_version: 3.0.3.',
    });
  else if (!isAtLeast(version, OLDEST))
    problems.push({
      path: ['image'],
      value: image,
      message: `Kea ${version.major}.${version.minor} is too old`,
      remedy: `Use ${OLDEST.major}.${OLDEST.minor} or later.`,
    });
  return version ?? OLDEST;
}

function configOf(
  { vars, host }: KeaContext,
  family: Family,
  version: KeaVersion,
  ha: HaSettings | undefined,
  problems: KeaProblem[],
): KeaConfig {
  const refuse = (problem: KeaProblem): void => void problems.push(problem);
  const given = vars.interfaces ?? [host.vars['interface']].filter((name) => typeof name === 'string');
  if (given.length === 0)
    refuse({
      path: ['interfaces'],
      value: undefined,
      message: `on which interface shall ${host.name} serve?`,
      remedy: 'Set the var interface, or kea_interfaces.',
    });
  const boot = vars.boot;
  const own = clientClasses(family, family === 4 ? vars.client_classes : vars.client_classes6, refuse);
  return {
    family,
    version,
    interfaces: given,
    socketType: vars.socket_type,
    authoritative: vars.authoritative,
    validLifetimeSec: vars.valid_lifetime,
    ...(vars.renew_timer === undefined ? {} : { renewSec: vars.renew_timer }),
    ...(vars.rebind_timer === undefined ? {} : { rebindSec: vars.rebind_timer }),
    lfcIntervalSec: vars.lfc_interval,
    logSeverity: vars.log_severity,
    options:
      family === 4
        ? optionsOf(4, vars.options, vars.option_data, ['options'], refuse)
        : optionsOf(6, vars.options6, vars.option_data6, ['options6'], refuse),
    // The user's own classes come first, so that theirs decide where both say something.
    classes: family === 6 || boot === undefined ? own : [...own, ...bootClasses(bootSettings(boot))],
    subnets: subnets(family, family === 4 ? vars.subnets : vars.subnets6, refuse),
    hooks: vars.hooks.map(({ library, parameters }) => ({
      library,
      ...(parameters === undefined ? {} : { parameters: parameters as JsonObject }), // YAML has nothing that JSON has not
    })),
    ...(ha === undefined ? {} : { ha: family === 6 ? { ...ha, port: ha.port + 1 } : ha }),
    extra: ((family === 4 ? vars.extra : vars.extra6) ?? {}) as JsonObject,
  };
}

function bootSettings(boot: NonNullable<KeaVars['boot']>): Parameters<typeof bootClasses>[0] {
  const { next_server, uefi_ia32, uefi_x64, uefi_arm64, http_x64, http_arm64, ...rest } = boot;
  const named = {
    nextServer: next_server,
    uefiIa32: uefi_ia32,
    uefiX64: uefi_x64,
    uefiArm64: uefi_arm64,
    httpX64: http_x64,
    httpArm64: http_arm64,
  };
  return { ...rest, ...Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined)) };
}

/** The two hosts of the play are each other's partners; one host alone has none. */
function highAvailability({ vars, host, members }: KeaContext, problems: KeaProblem[]): HaSettings | undefined {
  if (members.length === 1) return undefined;
  const primary = vars.ha_primary ?? members[0]?.name ?? '';
  if (members.length > 2)
    problems.push({
      path: ['ha_mode'],
      value: members.length,
      message: `Kea works in pairs, and the play has ${members.length} hosts: ${members.map(({ name }) => name).join(', ')}`,
      remedy: 'Let two hosts be in its group.',
    });
  if (!members.some(({ name }) => name === primary))
    problems.push({
      path: ['ha_primary'],
      value: primary,
      message: `kea_ha_primary "${primary}" is no host of the play`,
      remedy: `Name one of ${members.map(({ name }) => name).join(', ')}.`,
    });
  const ordered = [...members].sort((a, b) => Number(b.name === primary) - Number(a.name === primary));
  const peer = (member: Host | undefined, role: HaPeer['role']): HaPeer => ({
    name: member?.name ?? '',
    address: member?.address ?? '',
    role,
  });
  return {
    mode: vars.ha_mode,
    thisServer: host.name,
    peers: [peer(ordered[0], 'primary'), peer(ordered[1], vars.ha_mode === 'hot-standby' ? 'standby' : 'secondary')],
    port: vars.ha_port,
    heartbeatMs: vars.ha_heartbeat_ms,
    maxResponseDelayMs: vars.ha_max_response_delay_ms,
    maxAckDelayMs: vars.ha_max_ack_delay_ms,
    maxUnackedClients: vars.ha_max_unacked_clients,
    maxRejectedLeaseUpdates: vars.ha_max_rejected_lease_updates,
  };
}
