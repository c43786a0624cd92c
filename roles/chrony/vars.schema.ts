/** Vars of the role chrony. In the inventory each bears the prefix `chrony_`. */
import { SecretValue, type Static, Type } from 'coreos-infra';

/** Host name or address: nothing that chrony.conf or a shell could take for more than one word. settings.ts looks closer. */
const host = Type.String({
  minLength: 1,
  maxLength: 253,
  pattern: '^[0-9A-Za-z](?:[0-9A-Za-z.:-]*[0-9A-Za-z])?$',
  description: 'Host name or IP address.',
});

const options = {
  host,
  port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65535, description: 'UDP port. Default 123.' })),
  nts: Type.Optional(
    Type.Boolean({ description: 'Network Time Security: authenticated (RFC 8915). Default: the var `nts`.' }),
  ),
  prefer: Type.Optional(Type.Boolean({ description: 'Take it rather than others that are as good.' })),
  key: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 0xffffffff,
      description: 'Authenticated with the key of this id (chrony_keys).',
    }),
  ),
  minpoll: Type.Optional(Type.Integer({ minimum: -6, maximum: 24, description: 'Shortest interval, log2 s.' })),
  maxpoll: Type.Optional(Type.Integer({ minimum: -6, maximum: 24, description: 'Longest interval, log2 s.' })),
};
const server = Type.Object(options);
const pool = Type.Object({
  ...options,
  maxsources: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 16, description: 'How many servers of the pool are used. Default 4.' }),
  ),
});

const key = Type.Object({
  id: Type.Integer({ minimum: 1, maximum: 0xffffffff, description: 'The same on both sides.' }),
  type: Type.Union(
    ['SHA256', 'SHA384', 'SHA512', 'AES128', 'AES256', 'SHA1', 'MD5'].map((name) => Type.Literal(name)),
    {
      default: 'SHA256',
      description: 'Message authentication code. SHA1 and MD5 only for servers that know no better.',
    },
  ),
  key: SecretValue({ description: 'HEX:… as chronyc keygen prints it, or text without blanks.' }),
});

const address = Type.String({ maxLength: 45, pattern: '^[0-9A-Fa-f.:]+$' });
const network = Type.String({ maxLength: 49, pattern: '^[0-9A-Fa-f.:]+(?:/[0-9]{1,3})?$' });

export const vars = Type.Object(
  {
    servers: Type.Array(Type.Union([host, server]), {
      default: [],
      maxItems: 32,
      description:
        'Upstream servers: host names or addresses, or maps with host, port, nts, prefer, minpoll, maxpoll. Three or more outvote a wrong one.',
    }),
    pools: Type.Array(Type.Union([host, pool]), {
      default: [],
      maxItems: 16,
      description: 'Pools: names that stand for many servers; as servers, and maxsources.',
    }),
    nts: Type.Boolean({ default: false, description: 'NTS for all servers and pools that do not say otherwise.' }),
    peers: Type.Boolean({
      default: true,
      description: 'The hosts of the play are each other’s peers, so that they agree when all upstreams are lost.',
    }),
    keys: Type.Array(key, {
      default: [],
      maxItems: 64,
      description: 'Symmetric keys: maps with id, type and key (a secret).',
    }),
    peer_key: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 0xffffffff,
        description: 'Id of the key with which the hosts of the play authenticate each other. Default: none.',
      }),
    ),
    group: Type.String({
      default: 'chrony',
      pattern: '^[a-z_][a-z0-9_-]{0,31}$',
      description: 'Group of chronyd on the host, which may read the keys: chrony on Fedora, _chrony on Debian.',
    }),
    local_stratum: Type.Integer({
      default: 10,
      minimum: 0,
      maximum: 15,
      description:
        'Stratum at which the hosts serve their own common time while no upstream can be reached; the same on all. 0: then they serve none.',
    }),
    allow: Type.Optional(
      Type.Array(network, {
        maxItems: 256,
        description:
          'Networks that may ask for the time; none: this host only keeps its own. Default: the network of the host’s address.',
      }),
    ),
    makestep_sec: Type.Number({
      default: 1,
      minimum: 0.001,
      maximum: 1e6,
      description: 'Step the clock when it is wrong by more than this, s …',
    }),
    makestep_updates: Type.Integer({
      default: 3,
      minimum: 0,
      maximum: 100,
      description: '… in the first updates after each start of chronyd, so many; later it is slewed. 0: never step.',
    }),
    rtcsync: Type.Boolean({ default: true, description: 'The kernel keeps the hardware clock right.' }),
    minsources: Type.Integer({
      default: 1,
      minimum: 1,
      maximum: 64,
      description: 'Selectable sources that are needed before the clock is touched.',
    }),
    leapsec: Type.Union([Type.Literal('list'), Type.Literal('timezone'), Type.Literal('none')], {
      default: 'list',
      description:
        'Where leap seconds are known from: list (leap-seconds.list of tzdata, chrony 4.6 or later), timezone (right/UTC), or none (what most sources announce).',
    }),
    ratelimit: Type.Boolean({
      default: false,
      description:
        'Answer a client that asks too often only now and then (off: a LAN has none, and our own probes are some).',
    }),
    ratelimit_interval: Type.Integer({ default: 1, minimum: -19, maximum: 12, description: 'Mean interval, log2 s.' }),
    ratelimit_burst: Type.Integer({ default: 16, minimum: 1, maximum: 255, description: 'Answers in a burst.' }),
    ratelimit_leak: Type.Integer({ default: 2, minimum: 1, maximum: 4, description: 'One of 2^n is answered anyway.' }),
    bindcmdaddress: Type.Array(address, {
      default: [],
      maxItems: 2,
      description: 'Addresses on which chronyc may ask over UDP. None: 127.0.0.1 and ::1, chronyd’s default.',
    }),
    sync_wait_sec: Type.Integer({
      default: 15,
      minimum: 0,
      maximum: 120,
      description: 'How long a changed host may take to choose a source before the next one is begun, s.',
    }),
    max_offset_ms: Type.Number({
      default: 1000,
      minimum: 1,
      description: 'Probe: by how much the host’s clock may differ from that of the machine that runs this, ms.',
    }),
    max_root_distance_ms: Type.Number({
      default: 1500,
      minimum: 1,
      description:
        'Probe: how far from true time the host may be by its own account, ms. ntpd ignores servers beyond 1500.',
    }),
  },
  { additionalProperties: false },
);

export type ChronyVars = Static<typeof vars>;
