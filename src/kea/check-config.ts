/** All that can be wrong with a server's settings before its host is asked. Pure. */
import { parseAddress } from './addresses.ts';
import { checkReservations } from './check-reservations.ts';
import { checkSubnets, type TakenAddress } from './check-subnets.ts';
import type { BootFields, KeaConfig } from './model.ts';
import type { KeaProblem, Refuse, VarNames } from './problems.ts';
import { hooksOf } from './render.ts';
import { dialectOf } from './version.ts';

/** Classes that Kea makes by itself (Kea ARM, "Built-in Client Classes"). */
const BUILT_IN = /^(?:ALL|KNOWN|UNKNOWN|DROP|BOOTP|SKIP_DDNS|VENDOR_CLASS_.+|HA_.+|SPAWN_.+)$/;
/** The `file` field of a DHCPv4 message, less its final zero (RFC 2131). */
const BOOT_FILE_BYTES_MAX = 127;
/** Kea's own HTTP control channel. */
const PORT_OF_CONTROL = 8000;

export interface CheckInput {
  readonly config: KeaConfig;
  readonly vars: VarNames;
  readonly taken: readonly TakenAddress[];
}

export function checkConfig({ config, vars, taken }: CheckInput): readonly KeaProblem[] {
  const problems: KeaProblem[] = [];
  const refuse: Refuse = (problem) => problems.push(problem);
  checkSubnets(config, vars.subnets, taken, refuse);
  checkReservations(config, vars.subnets, refuse);
  checkClasses(config, vars, refuse);
  checkBootFiles(config, vars, refuse);
  checkTimers(config, refuse);
  checkHa(config, refuse);
  checkHooks(config, refuse);
  checkExtra(config, vars.extra, refuse);
  return problems;
}

function checkClasses({ classes, subnets, version }: KeaConfig, vars: VarNames, refuse: Refuse): void {
  const known = new Set<string>();
  for (const [index, { name }] of classes.entries()) {
    if (known.has(name))
      refuse({
        path: [vars.classes, index, 'name'],
        value: name,
        message: `the class "${name}" stands twice`,
        remedy: 'Rename one; kea_boot makes classes too (pxe-…, http-…, ipxe).',
      });
    known.add(name);
  }
  const { classLists } = dialectOf(version);
  const check = (path: readonly (string | number)[], names: readonly string[], isGuard: boolean): void => {
    for (const name of names)
      if (!known.has(name) && !BUILT_IN.test(name))
        refuse({
          path,
          value: name,
          message: `there is no class "${name}"`,
          remedy: 'Describe it in kea_client_classes, or correct the name.',
        });
    if (isGuard && !classLists && names.length > 1)
      refuse({
        path,
        value: names,
        message: `Kea ${version.major}.${version.minor} guards a pool or subnet by one class only`,
        remedy: 'Name one class, or use Kea 3.0 or later.',
      });
  };
  for (const [i, subnet] of subnets.entries()) {
    check([vars.subnets, i, 'client_classes'], subnet.clientClasses, true);
    check([vars.subnets, i, 'additional_classes'], subnet.additionalClasses, false);
    for (const [n, pool] of subnet.pools.entries()) check([vars.subnets, i, 'pools', n], pool.clientClasses, true);
    for (const [n, one] of subnet.reservations.entries())
      check([vars.subnets, i, 'reservations', n, 'client_classes'], one.clientClasses, false);
  }
}

function checkBootFiles({ classes, subnets }: KeaConfig, vars: VarNames, refuse: Refuse): void {
  const check = (path: readonly (string | number)[], { bootFileName, nextServer }: BootFields): void => {
    if (bootFileName !== undefined && Buffer.byteLength(bootFileName) > BOOT_FILE_BYTES_MAX)
      refuse({
        path,
        value: bootFileName,
        message: `a boot file's name has at most ${BOOT_FILE_BYTES_MAX} bytes`,
        remedy: 'Shorten it, or give a longer URL as the option boot-file-name.',
      });
    if (nextServer !== undefined && parseAddress(nextServer)?.family !== 4)
      refuse({
        path,
        value: nextServer,
        message: `"${nextServer}" is no IPv4 address`,
        remedy: 'Name the TFTP server by address: firmware has no resolver yet.',
      });
  };
  for (const [i, one] of classes.entries()) check([vars.classes, i], one);
  for (const [i, subnet] of subnets.entries()) {
    check([vars.subnets, i], subnet);
    for (const [n, one] of subnet.reservations.entries()) check([vars.subnets, i, 'reservations', n], one);
  }
}

function checkTimers({ validLifetimeSec, renewSec, rebindSec }: KeaConfig, refuse: Refuse): void {
  const order = [renewSec ?? 0, rebindSec ?? renewSec ?? 0, validLifetimeSec];
  if (order.every((value, i) => i === 0 || (order[i - 1] ?? 0) <= value)) return;
  refuse({
    path: ['valid_lifetime'],
    value: validLifetimeSec,
    message: `renewing after ${renewSec ?? '–'} s and rebinding after ${rebindSec ?? '–'} s do not fit a lease of ${validLifetimeSec} s`,
    remedy: 'Let kea_renew_timer be below kea_rebind_timer, and that below kea_valid_lifetime.',
  });
}

function checkHa({ ha }: KeaConfig, refuse: Refuse): void {
  if (ha === undefined) return;
  if (ha.maxResponseDelayMs <= ha.heartbeatMs)
    refuse({
      path: ['ha_max_response_delay_ms'],
      value: ha.maxResponseDelayMs,
      message: `${ha.maxResponseDelayMs} ms without an answer is not more than a heartbeat of ${ha.heartbeatMs} ms`,
      remedy: 'Let it be some heartbeats, or a server that is well will be called dead.',
    });
  if (ha.port === PORT_OF_CONTROL)
    refuse({
      path: ['ha_port'],
      value: ha.port,
      message: `${PORT_OF_CONTROL} is the port of Kea's control channel`,
      remedy: 'Choose another one, e.g. 8001.',
    });
  for (const { name, address } of ha.peers)
    if (parseAddress(address) === undefined)
      refuse({
        path: ['ha_mode'],
        value: address,
        message: `the address of ${name} ("${address}") is a name: Kea takes only IP addresses for its partner`,
        remedy: `Give ${name} the var address, e.g. address: 192.0.2.11/24.`,
      });
}

/** Kea takes hooks from one folder only, which is built into it: bare names find it in every image (CVE-2025-32801). */
function checkHooks(config: KeaConfig, refuse: Refuse): void {
  for (const [index, { library }] of config.hooks.entries()) {
    const path = ['hooks', index, 'library'];
    if (!/^[A-Za-z0-9_.-]{1,100}\.so$/.test(library))
      refuse({
        path,
        value: library,
        message: `"${library}" is no hook that Kea would load`,
        remedy: 'Give the bare file name, e.g. libdhcp_flex_option.so: Kea loads hooks from its own folder only.',
      });
    else if (hooksOf({ ...config, hooks: [] }).some((own) => own.library === library))
      refuse({
        path,
        value: library,
        message: `${library} is loaded by the role`,
        remedy: 'Take it out; the kea_ha_ vars are its parameters.',
      });
  }
}

/** What the role writes, and the var that says it. */
const OWN: Readonly<Record<string, string>> = {
  'interfaces-config': 'kea_interfaces and kea_socket_type',
  'control-socket': 'nothing: the role talks to Kea through its own socket in /run/kea',
  'control-sockets': 'nothing: the role talks to Kea through its own socket in /run/kea',
  'lease-database': 'nothing: leases are in /var/lib/kea, the only folder that Kea accepts',
  'multi-threading': 'nothing: HA needs it',
  authoritative: 'kea_authoritative',
  'valid-lifetime': 'kea_valid_lifetime',
  'renew-timer': 'kea_renew_timer',
  'rebind-timer': 'kea_rebind_timer',
  'hooks-libraries': 'kea_hooks',
  'option-data': 'kea_options and kea_option_data',
  'client-classes': 'kea_client_classes and kea_boot',
  subnet4: 'kea_subnets',
  subnet6: 'kea_subnets6',
  'user-context': 'nothing: it proves which configuration is loaded',
};

function checkExtra({ extra }: KeaConfig, at: string, refuse: Refuse): void {
  for (const [key, value] of Object.entries(extra)) {
    const owner = Object.hasOwn(OWN, key) ? OWN[key] : undefined;
    if (owner !== undefined)
      refuse({
        path: [at, key],
        value,
        message: `${key} is written by the role`,
        remedy: `It comes from ${owner}. Take it out of kea_extra.`,
      });
    if (key === 'loggers')
      for (const output of outputsOf(value))
        if (!/^(?:stdout|stderr|syslog(?::[A-Za-z0-9_.-]+)?)$/.test(output))
          refuse({
            path: [at, key],
            value: output,
            message: `Kea cannot write its log to "${output}"`,
            remedy:
              'Use stdout: the journal has it (journalctl -u kea-dhcp4). The container has no folder for logs, and Kea accepts no other.',
          });
  }
}

/** `output` of every logger, whatever shape the user's own JSON has. */
function outputsOf(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(outputsOf);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => (key === 'output' ? [String(inner)] : outputsOf(inner)));
}
