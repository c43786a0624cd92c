/** A packet filter in a table of its own: podman's tables and other people's stay as they are. Pure. */
import { command, file, type Resource, renderUnit, unit } from 'coreos-infra';
import type { BaseVars } from './vars.schema.ts';

const TABLE = 'inet coreos_infra';
const RULES = '/etc/coreos-infra-firewall.nft';
const UNIT = 'coreos-infra-firewall.service';

export function firewallResources(firewall: BaseVars['firewall']): readonly Resource[] {
  if (firewall === undefined) return noFirewall();
  const rules = file(RULES, {
    content: ruleset(firewall),
    mode: 0o600,
    validate: {
      name: 'nft',
      argv: ['nft', '--check', '--file', '{dir}/rules.nft'],
      timeoutSec: 10,
      preview: [{ path: RULES, as: 'rules.nft' }],
      scratch: [],
    },
  });
  const service = file(`/etc/systemd/system/${UNIT}`, { content: serviceUnit() });
  return [
    rules,
    service,
    unit(UNIT, { enabled: true, reloadOn: [rules], restartOn: [service], order: 1, settleSec: 0 }),
  ];
}

/** Loaded as one transaction: there is no moment without rules, nor with half of them (nft(8), --file). */
export function ruleset({ rules, policy }: NonNullable<BaseVars['firewall']>): string {
  const chain = [
    `type filter hook input priority filter; policy ${policy};`,
    'ct state established,related accept',
    'ct state invalid drop',
    'iif lo accept',
    // Path MTU, neighbours, ping: without them IPv6 does not work at all (RFC 4890).
    'meta l4proto { icmp, ipv6-icmp } accept',
    ...rules,
  ];
  return `# Written by coreos-infra (role base). Changes made here are replaced by the next run.
table ${TABLE}
delete table ${TABLE}
table ${TABLE} {
  chain input {
${chain.map((line) => `    ${line}\n`).join('')}  }
}
`;
}

/** As nftables.service of the distributions, which is left alone: it flushes everybody's rules. */
function serviceUnit(): string {
  const load = `/usr/sbin/nft --file ${RULES}`;
  return renderUnit({
    Unit: {
      Description: 'Packet filter (coreos-infra, role base)',
      DefaultDependencies: 'no',
      Wants: 'network-pre.target',
      Before: 'network-pre.target shutdown.target',
      Conflicts: 'shutdown.target',
    },
    Service: {
      Type: 'oneshot',
      RemainAfterExit: 'yes',
      ExecStart: load,
      ExecReload: load,
      ExecStop: `/usr/sbin/nft delete table ${TABLE}`,
    },
    Install: { WantedBy: 'sysinit.target' },
  });
}

/** Not asked for, or no longer: a unit whose file is gone cannot take its table away. */
function noFirewall(): readonly Resource[] {
  return [
    unit(UNIT, { state: 'stopped' }),
    command('no firewall', {
      unless: `! command -v nft >/dev/null || ! nft list table ${TABLE} >/dev/null 2>&1`,
      script: `nft delete table ${TABLE}`,
      // The files come back, and with them the unit that loads them.
      undo: ':',
      timeoutSec: 10,
    }),
  ];
}
