/** Vars of the role kea. In the inventory each bears the prefix `kea_`. Names inside them are Kea's own, with `_` for `-`. */
import { type Static, Type } from 'coreos-infra';
import { option_data, optionMap, text } from './options.schema.ts';

const IMAGE =
  '^[a-z0-9][a-z0-9.-]*(?::[0-9]+)?(?:/[a-z0-9._-]+)+(?::(?!latest$)[A-Za-z0-9_][A-Za-z0-9_.-]*|@sha256:[0-9a-f]{64})$';
const image = (description: string) =>
  Type.String({ pattern: IMAGE, title: 'registry/name with a tag or digest, and not latest', description });

const seconds = (description: string, minimum = 1) => Type.Integer({ minimum, maximum: 4_294_967_295, description });
const milliseconds = (value: number, description: string) =>
  Type.Integer({ default: value, minimum: 100, maximum: 3_600_000, description });

const className = Type.String({
  pattern: '^[A-Za-z0-9_.-]{1,128}$',
  title: 'the name of a client class',
  description: 'Letters, digits, "_", "-" and ".".',
});
const classes = (description: string) => Type.Optional(Type.Array(className, { maxItems: 32, description }));
const address = Type.String({ pattern: '^[0-9A-Fa-f.:]{2,45}$', title: 'an IP address' });
const network = Type.String({ pattern: '^[0-9A-Fa-f.:]{2,45}/[0-9]{1,3}$', title: 'a network such as 192.0.2.0/24' });
const range = Type.String({
  pattern: '^[0-9A-Fa-f.:]{2,45}(?: *- *[0-9A-Fa-f.:]{2,45}|/[0-9]{1,3})$',
  title: 'a range such as 192.0.2.100-192.0.2.199, or a network',
});
const hostname = Type.String({ pattern: '^[A-Za-z0-9_.-]{1,253}$', title: 'a host name' });
const closed = <P extends Parameters<typeof Type.Object>[0]>(properties: P) =>
  Type.Object(properties, { additionalProperties: false });

const boot_fields = {
  next_server: Type.Optional(Type.String({ maxLength: 45, description: 'IPv4 address of the TFTP server.' })),
  boot_file_name: Type.Optional(text('The file that is booted, or its URL.')),
};
const pool = (family: 4 | 6) =>
  Type.Union([
    range,
    closed({
      pool: range,
      client_classes: classes('Only clients of one of these classes.'),
      options: Type.Optional(optionMap(family)),
      option_data: Type.Optional(option_data),
    }),
  ]);
const hex = (title: string) => Type.Optional(Type.String({ minLength: 2, maxLength: 400, title }));
const subnet_common = (family: 4 | 6) => ({
  id: Type.Integer({
    minimum: 1,
    maximum: 4_294_967_294,
    description: 'Leases are stored by it: never changed, and never used again for another subnet.',
  }),
  subnet: network,
  pools: Type.Array(pool(family), { default: [], maxItems: 1024 }),
  options: Type.Optional(optionMap(family)),
  option_data: Type.Optional(option_data),
  client_classes: classes('Only clients of one of these classes get an address here.'),
  additional_classes: classes('Classes that are evaluated here, though `only_additional`.'),
  relays: Type.Optional(Type.Array(address, { maxItems: 64, description: 'Relay agents of this subnet.' })),
  interface: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_.:-]{1,15}$', title: 'a network interface' })),
  valid_lifetime: Type.Optional(seconds('Lifetime of leases here, s.')),
});

const subnet4 = closed({
  ...subnet_common(4),
  ...boot_fields,
  reservations: Type.Array(
    closed({
      hw_address: hex('a MAC address'),
      client_id: hex('a client identifier'),
      circuit_id: hex('a circuit id of a relay'),
      flex_id: hex('a flexible identifier'),
      duid: hex('a DUID'),
      ip_address: Type.Optional(address),
      hostname: Type.Optional(hostname),
      client_classes: classes('Classes that this client is put into.'),
      options: Type.Optional(optionMap(4)),
      option_data: Type.Optional(option_data),
      ...boot_fields,
    }),
    { default: [], maxItems: 20_000 },
  ),
});
const subnet6 = closed({
  ...subnet_common(6),
  pd_pools: Type.Array(closed({ prefix: network, delegated_length: Type.Integer({ minimum: 1, maximum: 128 }) }), {
    default: [],
    maxItems: 256,
    description: 'Prefixes to delegate from.',
  }),
  reservations: Type.Array(
    closed({
      duid: hex('a DUID'),
      hw_address: hex('a MAC address'),
      flex_id: hex('a flexible identifier'),
      ip_addresses: Type.Optional(Type.Array(address, { maxItems: 16 })),
      prefixes: Type.Optional(Type.Array(network, { maxItems: 16 })),
      hostname: Type.Optional(hostname),
      client_classes: classes('Classes that this client is put into.'),
      options: Type.Optional(optionMap(6)),
      option_data: Type.Optional(option_data),
    }),
    { default: [], maxItems: 20_000 },
  ),
});

const client_class = (family: 4 | 6) =>
  closed({
    name: className,
    test: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 4096,
        description: 'Kea’s expression; the same image checks it before anything is replaced.',
      }),
    ),
    options: Type.Optional(optionMap(family)),
    option_data: Type.Optional(option_data),
    only_additional: Type.Optional(
      Type.Boolean({ description: 'Only where a subnet names it in additional_classes.' }),
    ),
    ...(family === 4 ? boot_fields : {}),
  });

const boot = closed({
  next_server: Type.Optional(Type.String({ maxLength: 45, description: 'IPv4 address of the TFTP server.' })),
  bios: Type.Optional(text('For BIOS, by TFTP.')),
  uefi_ia32: Type.Optional(text('For 32-bit UEFI, by TFTP.')),
  uefi_x64: Type.Optional(text('For x86-64 UEFI, by TFTP.')),
  uefi_arm64: Type.Optional(text('For 64-bit ARM UEFI, by TFTP.')),
  http_x64: Type.Optional(text('For x86-64 UEFI that boots over HTTP: a full URL.')),
  http_arm64: Type.Optional(text('For 64-bit ARM UEFI that boots over HTTP: a full URL.')),
  ipxe: Type.Optional(text('For iPXE, once it runs: its script.')),
});

export const vars = Type.Object(
  {
    image: image('Container image of kea-dhcp4: registry/name with a tag or a digest, never latest.'),
    dhcp6_image: Type.Optional(image('Container image of kea-dhcp6; needed with kea_subnets6.')),
    version: Type.Optional(
      Type.String({
        pattern: '^[0-9]+\\.[0-9]+(?:\\.[0-9]+)?$',
        title: 'a version such as 3.0.3',
        description: 'Kea’s version where the image’s tag does not say it.',
      }),
    ),
    interfaces: Type.Optional(
      Type.Array(
        Type.String({
          pattern: '^(?:\\*|[A-Za-z0-9_.:-]{1,15}(?:/[0-9A-Fa-f.:]{2,45})?)$',
          title: 'a network interface',
        }),
        {
          minItems: 1,
          maxItems: 64,
          description: 'Interfaces to serve on. Default: the var `interface`.',
        },
      ),
    ),
    socket_type: Type.Union([Type.Literal('raw'), Type.Literal('udp')], {
      default: 'raw',
      description: 'udp: all clients come through relay agents, and the container gets no raw sockets.',
    }),
    authoritative: Type.Boolean({
      default: false,
      description: 'Refuse clients that ask for addresses of another network.',
    }),
    subnets: Type.Array(subnet4, {
      default: [],
      maxItems: 4096,
      description: 'IPv4 subnets, each with an id of its own.',
    }),
    subnets6: Type.Array(subnet6, {
      default: [],
      maxItems: 4096,
      description: 'IPv6 subnets; none: kea-dhcp6 is not deployed.',
    }),
    options: Type.Optional(optionMap(4)),
    option_data: Type.Optional(option_data),
    options6: Type.Optional(optionMap(6)),
    option_data6: Type.Optional(option_data),
    client_classes: Type.Array(client_class(4), {
      default: [],
      maxItems: 256,
      description: 'Classes of IPv4 clients.',
    }),
    client_classes6: Type.Array(client_class(6), {
      default: [],
      maxItems: 256,
      description: 'Classes of IPv6 clients.',
    }),
    boot: Type.Optional(boot),
    valid_lifetime: Type.Integer({
      default: 3600,
      minimum: 60,
      maximum: 4_294_967_295,
      description: 'Lifetime of leases, s.',
    }),
    renew_timer: Type.Optional(seconds('When clients renew, s. Default: what they choose, half of the lifetime.')),
    rebind_timer: Type.Optional(seconds('When clients ask any server, s.')),
    lfc_interval: Type.Integer({
      default: 3600,
      minimum: 0,
      maximum: 4_294_967_295,
      description: 'How often the lease file is cleaned up, s; 0: never.',
    }),
    ha_mode: Type.Union([Type.Literal('hot-standby'), Type.Literal('load-balancing')], {
      default: 'hot-standby',
      description: 'How the two hosts of the play share the work. Load balancing halves every pool.',
    }),
    ha_primary: Type.Optional(
      Type.String({
        maxLength: 253,
        description: 'The host that serves in hot-standby. Default: the first of the play.',
      }),
    ),
    ha_port: Type.Integer({
      default: 8001,
      minimum: 1,
      maximum: 65535,
      description: 'TCP port on which the partners talk (IPv6: the next one).',
    }),
    ha_heartbeat_ms: milliseconds(1_000, 'How often each asks how the other is, ms.'),
    ha_max_response_delay_ms: milliseconds(5_000, 'Without an answer for so long, the partner counts as lost, ms.'),
    ha_max_ack_delay_ms: milliseconds(
      5_000,
      'A client that asks for so long counts as one that the partner does not answer, ms.',
    ),
    ha_max_unacked_clients: Type.Integer({
      default: 0,
      minimum: 0,
      maximum: 1000,
      description: 'So many such clients are needed, besides the silence, to take over; 0: silence is enough.',
    }),
    ha_max_rejected_lease_updates: Type.Integer({
      default: 10,
      minimum: 0,
      maximum: 10_000,
      description: 'More lease updates than this refused by the partner end HA; 0: never.',
    }),
    hooks: Type.Array(
      closed({
        library: Type.String({ maxLength: 255 }),
        parameters: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
      }),
      {
        default: [],
        maxItems: 32,
        description: 'Further hooks, by bare file name; lease_cmds and HA are loaded anyway.',
      },
    ),
    log_severity: Type.Union(
      [Type.Literal('FATAL'), Type.Literal('ERROR'), Type.Literal('WARN'), Type.Literal('INFO'), Type.Literal('DEBUG')],
      { default: 'INFO', description: 'What goes to the journal.' },
    ),
    min_free_mib: Type.Integer({
      default: 64,
      minimum: 1,
      maximum: 1_048_576,
      description: 'With less room than this in /var the probe warns, and no change is begun, MiB.',
    }),
    extra: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), { description: 'Further keys of Dhcp4, as Kea names them.' }),
    ),
    extra6: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), { description: 'Further keys of Dhcp6, as Kea names them.' }),
    ),
  },
  { additionalProperties: false },
);

export type KeaVars = Static<typeof vars>;
