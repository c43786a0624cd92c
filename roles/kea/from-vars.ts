/** Lists of the inventory (subnets, classes, options) as the typed values that Kea's configuration is made of. Pure. */
import type { Family } from '../../src/kea/addresses.ts';
import type { BootFields, ClientClass, OptionData, PdPool, Pool, Reservation, Subnet } from '../../src/kea/model.ts';
import { type OptionValue, typedOption } from '../../src/kea/options.ts';
import type { Refuse } from '../../src/kea/problems.ts';
import type { KeaVars } from './vars.schema.ts';

type Path = readonly (string | number)[];
type Subnet4Var = KeaVars['subnets'][number];
type Subnet6Var = KeaVars['subnets6'][number];
type SubnetVar = Subnet4Var | Subnet6Var;
type PoolVar = SubnetVar['pools'][number];
type ReservationVar = Subnet4Var['reservations'][number] | Subnet6Var['reservations'][number];
type ClassVar = KeaVars['client_classes'][number];
type OptionDataVar = NonNullable<KeaVars['option_data']>;

/** Named options, then the raw ones; `at` is the path of the named ones. */
export function optionsOf(
  family: Family,
  named: Readonly<Record<string, unknown>> | undefined,
  raw: OptionDataVar | undefined,
  at: Path,
  refuse: Refuse,
): readonly OptionData[] {
  const typed = Object.entries(named ?? {}).flatMap(([name, value]): OptionData[] => {
    const result = typedOption(family, name, value as OptionValue); // the schema allows no other types
    if (result.ok) return [result.option];
    refuse({
      path: [...at, name],
      value,
      message: `the option ${name} ${result.problem}`,
      remedy: 'Correct it, or write it in option_data as Kea does.',
    });
    return [];
  });
  const others = (raw ?? []).map(
    (one): OptionData => ({
      ...(one.name === undefined ? {} : { name: one.name }),
      ...(one.code === undefined ? {} : { code: one.code }),
      ...(one.space === undefined ? {} : { space: one.space }),
      ...(one.data === undefined ? {} : { data: one.data }),
      ...(one.csv_format === undefined ? {} : { csvFormat: one.csv_format }),
      ...(one.always_send === undefined ? {} : { alwaysSend: one.always_send }),
    }),
  );
  for (const one of others)
    if (one.name === undefined && one.code === undefined)
      refuse({
        path: at,
        value: one,
        message: 'an entry of option_data has neither name nor code',
        remedy: 'Give one of the two.',
      });
  return [...typed, ...others];
}

export function subnets(family: Family, given: readonly SubnetVar[], refuse: Refuse): readonly Subnet[] {
  const key = family === 4 ? 'subnets' : 'subnets6';
  return given.map((one, index): Subnet => {
    const at = [key, index];
    return {
      id: one.id,
      subnet: one.subnet,
      pools: one.pools.map((pool, n) => poolOf(family, pool, [...at, 'pools', n], refuse)),
      pdPools: pdPools(one),
      options: optionsOf(family, one.options, one.option_data, [...at, 'options'], refuse),
      reservations: one.reservations.map((each, n) => reservationOf(family, each, [...at, 'reservations', n], refuse)),
      clientClasses: one.client_classes ?? [],
      additionalClasses: one.additional_classes ?? [],
      relays: one.relays ?? [],
      ...(one.interface === undefined ? {} : { interface: one.interface }),
      ...(one.valid_lifetime === undefined ? {} : { validLifetimeSec: one.valid_lifetime }),
      ...('next_server' in one || 'boot_file_name' in one ? bootFields(one) : {}),
    };
  });
}

function pdPools(subnet: SubnetVar): readonly PdPool[] {
  if (!('pd_pools' in subnet)) return [];
  return subnet.pd_pools.map(({ prefix, delegated_length }) => ({ prefix, delegatedLength: delegated_length }));
}

/** Kea writes blanks around the dash; so does config-get, so that both read alike. */
function poolOf(family: Family, pool: PoolVar, at: Path, refuse: Refuse): Pool {
  const given = typeof pool === 'string' ? { pool } : pool;
  return {
    range: given.pool.replace(/ *- */, ' - '),
    options: optionsOf(family, given.options, given.option_data, [...at, 'options'], refuse),
    clientClasses: given.client_classes ?? [],
  };
}

const IDENTIFIERS = {
  hw_address: 'hw-address',
  client_id: 'client-id',
  duid: 'duid',
  circuit_id: 'circuit-id',
  flex_id: 'flex-id',
} as const;

function reservationOf(family: Family, one: ReservationVar, at: Path, refuse: Refuse): Reservation {
  const given = Object.entries(IDENTIFIERS).flatMap(([key, identifier]) => {
    const value = (one as Readonly<Record<string, unknown>>)[key];
    return typeof value === 'string' ? [{ identifier, value }] : [];
  });
  const [first] = given;
  if (first === undefined || given.length > 1)
    refuse({
      path: at,
      value: one,
      message: given.length === 0 ? 'a reservation is for nobody' : 'a reservation names its client twice',
      remedy: `Give one of ${Object.keys(IDENTIFIERS).join(', ')}.`,
    });
  return {
    identifier: first?.identifier ?? 'hw-address',
    value: first?.value ?? '',
    addresses:
      'ip_addresses' in one
        ? (one.ip_addresses ?? [])
        : 'ip_address' in one && one.ip_address !== undefined
          ? [one.ip_address]
          : [],
    prefixes: 'prefixes' in one ? (one.prefixes ?? []) : [],
    ...(one.hostname === undefined ? {} : { hostname: one.hostname }),
    options: optionsOf(family, one.options, one.option_data, [...at, 'options'], refuse),
    clientClasses: one.client_classes ?? [],
    ...('next_server' in one || 'boot_file_name' in one ? bootFields(one) : {}),
  };
}

export function clientClasses(family: Family, given: readonly ClassVar[], refuse: Refuse): readonly ClientClass[] {
  const key = family === 4 ? 'client_classes' : 'client_classes6';
  return given.map((one, index) => ({
    name: one.name,
    ...(one.test === undefined ? {} : { test: one.test }),
    options: optionsOf(family, one.options, one.option_data, [key, index, 'options'], refuse),
    onlyAdditional: one.only_additional ?? false,
    ...bootFields(one),
  }));
}

function bootFields(one: { readonly next_server?: string; readonly boot_file_name?: string }): BootFields {
  return {
    ...(one.next_server === undefined ? {} : { nextServer: one.next_server }),
    ...(one.boot_file_name === undefined ? {} : { bootFileName: one.boot_file_name }),
  };
}
