/** Vars of the role coredns. In the inventory each bears the prefix `coredns_`. */
import { type Static, Type } from 'coreos-infra';

const IPV4 = '(?:[0-9]{1,3}\\.){3}[0-9]{1,3}';
const IPV6 = '[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:%[A-Za-z0-9_.-]+)?';
const PORT = '[0-9]{1,5}';

const address = Type.String({ pattern: `^(?:${IPV4}|${IPV6})$`, title: 'an IPv4 or IPv6 address' });
const endpoint = (fallback: string, description: string) =>
  Type.String({
    default: fallback,
    pattern: `^(?:${IPV4}|\\[${IPV6}\\]):${PORT}$`,
    title: 'address:port',
    description: `${description}: address:port.`,
  });
/** As CoreDNS's forward takes them. Names are not: to look one up a resolver would need a resolver. */
const upstream = Type.String({
  pattern: `^(?:(?:tls|dns)://)?(?:${IPV4}(?::${PORT})?|${IPV6}|\\[${IPV6}\\](?::${PORT})?)$`,
  title: 'an address, address:port or tls://address',
});
const secondary = Type.String({
  pattern: `^(?:\\*|${IPV4}(?::${PORT})?|${IPV6}|\\[${IPV6}\\](?::${PORT})?)$`,
  title: 'an address, address:port or "*"',
});

export const vars = Type.Object(
  {
    image: Type.String({
      pattern:
        '^[a-z0-9][a-z0-9.-]*(?::[0-9]+)?(?:/[a-z0-9._-]+)+(?::(?!latest$)[A-Za-z0-9_][A-Za-z0-9_.-]*|@sha256:[0-9a-f]{64})$',
      title: 'registry/name with a tag or digest, and not latest',
      description: 'Container image: registry/name with a tag or a digest, never latest.',
    }),
    listen: Type.Optional(
      Type.Array(address, {
        minItems: 1,
        description: 'Addresses to serve on. Default: the host’s own address, so that systemd-resolved keeps its stub.',
      }),
    ),
    forwarders: Type.Array(upstream, {
      default: [],
      maxItems: 15,
      description: 'Resolvers for names outside our zones; none: such names are refused. At most 15 (CoreDNS).',
    }),
    cache: Type.Integer({
      default: 300,
      minimum: 0,
      maximum: 86400,
      description: 'Longest time that a forwarded answer is kept, s; 0: no cache.',
    }),
    health: endpoint('127.0.0.1:8080', 'Where /health answers'),
    ready: endpoint('127.0.0.1:8181', 'Where /ready answers'),
    prometheus: endpoint('127.0.0.1:9153', 'Where /metrics answers'),
    // podman stops a container that does not end within 10 s by force.
    lameduck_sec: Type.Integer({
      default: 0,
      minimum: 0,
      maximum: 8,
      description: 'How long a stopping server still answers, s.',
    }),
    errors: Type.Boolean({ default: true, description: 'Log errors.' }),
    log: Type.Boolean({ default: false, description: 'Log every query.' }),
    transfer_to: Type.Array(secondary, {
      default: [],
      description: 'Secondaries that may transfer our zones and are notified of changes; "*": anyone may transfer.',
    }),
    reverse: Type.Array(Type.String(), {
      default: [],
      description:
        'Networks whose PTR zones are made from the A and AAAA records, e.g. 192.0.2.0/24 or 2.0.192.in-addr.arpa.',
    }),
    probe_names: Type.Array(Type.String({ pattern: '^[A-Za-z0-9_*.-]{1,253}$', title: 'a domain name' }), {
      default: [],
      description: 'Names with an A record that every host must answer besides the zones, e.g. one that is forwarded.',
    }),
    extra: Type.String({
      default: '',
      maxLength: 65536,
      description: 'Further plugins, as Corefile text inside every zone’s server block.',
    }),
  },
  { additionalProperties: false },
);

export type CorednsVars = Static<typeof vars>;
