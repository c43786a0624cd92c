/** Vars of the role base. In the inventory each bears the prefix `base_`. Nothing is managed that is not asked for. */
import { type Static, Type } from 'coreos-infra';

const NAME = '^[0-9A-Za-z](?:[0-9A-Za-z-]{0,61}[0-9A-Za-z])?(?:\\.[0-9A-Za-z](?:[0-9A-Za-z-]{0,61}[0-9A-Za-z])?)*$';

const hostName = Type.String({ maxLength: 253, pattern: NAME, title: 'a host name' });
const address = Type.String({ maxLength: 45, pattern: '^[0-9A-Fa-f.:]+$', title: 'an IP address' });

export const vars = Type.Object(
  {
    hostname: Type.Optional(
      Type.Union([Type.Literal(true), hostName], {
        description: 'true: the host’s name in the inventory; or a name (at most 64 characters).',
      }),
    ),
    nameservers: Type.Optional(
      Type.Array(address, {
        maxItems: 8,
        description:
          'Whom the host itself asks for names (systemd-resolved), instead of what DHCP says. On a DNS host: not itself, or nothing resolves until it serves.',
      }),
    ),
    search_domains: Type.Optional(Type.Array(hostName, { maxItems: 16, description: 'Appended to short names.' })),
    dns_stub: Type.Optional(
      Type.Boolean({
        description:
          'false: systemd-resolved leaves port 53 of 127.0.0.53 and 127.0.0.54 alone, for a DNS server that listens on all addresses.',
      }),
    ),
    sysctls: Type.Record(
      Type.String({ pattern: '^[a-z][a-z0-9_]*(?:[./][A-Za-z0-9_:@-]+)+$' }),
      Type.Union([Type.Integer(), Type.String({ minLength: 1, maxLength: 256, pattern: '^[0-9A-Za-z_.,:/ -]+$' })]),
      { default: {}, description: 'Kernel settings, sysctl.d(5): { net.ipv4.ip_nonlocal_bind: 1 }.' },
    ),
    firewall: Type.Optional(
      Type.Object(
        {
          rules: Type.Array(Type.String({ minLength: 1, maxLength: 1024 }), {
            maxItems: 512,
            description: 'Rules of the input chain, nft(8): tcp dport 22 accept.',
          }),
          policy: Type.Union([Type.Literal('drop'), Type.Literal('accept')], {
            default: 'drop',
            description: 'What becomes of a packet that no rule speaks of.',
          }),
        },
        { description: 'A packet filter for what comes in; without it nothing is filtered.' },
      ),
    ),
    authorized_keys: Type.Record(
      Type.String({ pattern: '^[a-z_][a-z0-9_-]{0,31}$' }),
      Type.Array(Type.String({ minLength: 1, maxLength: 16_384 }), { maxItems: 256 }),
      { default: {}, description: 'Public keys that may log in, by user, beside those in the user’s own files.' },
    ),
    sshd_unit: Type.String({
      default: 'sshd.service',
      pattern: '^sshd?\\.service$',
      description: 'sshd.service on Fedora, ssh.service on Debian.',
    }),
    zincati: Type.Optional(
      Type.Union(
        [
          Type.Literal('disabled'),
          Type.Object(
            {
              fleet_lock: Type.String({
                maxLength: 512,
                pattern: '^https?://[0-9A-Za-z.:\\[\\]-]+(?:/[0-9A-Za-z._~%/@:+-]*)?$',
                title: 'a URL',
                description: 'Of a FleetLock server, which lets one host of the group reboot at a time.',
              }),
            },
            { additionalProperties: false },
          ),
        ],
        {
          description:
            'Updates between our runs: disabled, or { fleet_lock: https://lock.example.com/ }: when that server lets the host reboot. Never by itself.',
        },
      ),
    ),
    motd: Type.Optional(
      Type.String({ maxLength: 16_384, description: 'Shown at login, beside the other messages of the day.' }),
    ),
  },
  { additionalProperties: false },
);

export type BaseVars = Static<typeof vars>;
