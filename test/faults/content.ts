/** What a pair is to serve, as an inventory on disk: small, generated, and told apart by a word in every file that a change set writes. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Content {
  /** In the zone example.com and in the Corefile: a change of it is a reload. */
  readonly version: string;
  /** In the quadlet, in a file on /var and in a command: a change of it is a daemon-reload and a restart too. */
  readonly service: string;
  /** The coming files are tried with CoreDNS itself, which is most of what a change set costs. */
  readonly validates: boolean;
  /** Further vars of the group dns: what is wrong with this content, in cases of bad input. */
  readonly vars?: Readonly<Record<string, unknown>>;
  /** Further vars of single hosts. */
  readonly hostVars?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Further lines of the zone example.com. */
  readonly zoneLines?: string;
}

export const IMAGE = 'docker.io/coredns/coredns:1.15.0';
export const ZONES = ['example.com', '2.0.192.in-addr.arpa'] as const;
/** Whose TXT record is the version. */
export const VERSION_NAME = 'v.example.com';

/** Writes the inventory of `content` into the folder `dir`, which is made. */
export function writeInventory(dir: string, content: Content): void {
  const hostVars = Object.entries(content.hostVars ?? {}).map(([host, vars]) => [
    `host_vars/${host}.yaml`,
    JSON.stringify(vars),
  ]);
  const files: Record<string, string> = {
    ...Object.fromEntries(hostVars),
    'hosts.yaml':
      'all:\n  hosts:\n    ns1: { address: 192.0.2.11/24 }\n    ns2: { address: 192.0.2.12/24 }\n  children:\n    dns: { hosts: { ns1: , ns2: } }\n',
    'group_vars/all.yaml': 'interface: host0\nredundancy: { minHealthy: 1 }\n',
    // JSON is YAML.
    'group_vars/dns.yaml': JSON.stringify({
      coredns_image: IMAGE,
      coredns_extra: `# ${content.version}`,
      faults_service: content.service,
      faults_validates: content.validates,
      ...content.vars,
    }),
    'zones/db.example.com': `$TTL 300\n@ IN SOA ns1 hostmaster 1 7200 900 1209600 300\n@ IN NS ns1\n@ IN NS ns2\nns1 IN A 192.0.2.11\nns2 IN A 192.0.2.12\nv IN TXT "${content.version}"\n${content.zoneLines ?? ''}`,
    'zones/db.2.0.192.in-addr.arpa':
      '$TTL 300\n@ IN SOA ns1.example.com. hostmaster.example.com. 1 7200 900 1209600 300\n@ IN NS ns1.example.com.\n@ IN NS ns2.example.com.\n11 IN PTR ns1.example.com.\n12 IN PTR ns2.example.com.\n',
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(dir, name, '..'), { recursive: true });
    writeFileSync(join(dir, name), text);
  }
}
