/** What both servers of a pair say, and whether one of them may be changed then. */
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { mayChange } from '../../../src/kea/may-change.ts';
import type { HostAnswer } from '../../../src/playbook/precondition.ts';
import { statusAnswer } from './status.ts';

const HEADER =
  'address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context,pool_id';
const NOW = 1_800_000_000;

interface Member {
  readonly status?: string;
  readonly aheadSec?: number;
  readonly freeKib?: number;
  readonly config?: string;
  readonly leases?: readonly string[];
  readonly leaseFile?: string;
  /** How long it took to answer, ms. */
  readonly slowMs?: number;
}

const pack = (text: string): string => gzipSync(text).toString('base64');

function answer({ status, aheadSec = 0, freeKib = 9_000_000, slowMs = 20, ...rest }: Member): HostAnswer {
  const { config, leases = [], leaseFile = [HEADER, ...leases, ''].join('\n') } = rest;
  const lines = [
    `time ${NOW + aheadSec}.5`,
    `free   ${freeKib}`, // df puts blanks before it
    `status4 ${pack(status ?? '')}`,
    ...(config === undefined ? [] : [`config4 ${pack(config)}`]),
    `leases4 kea-leases4.csv ${pack(leaseFile)}`,
    '',
  ];
  return { code: 0, stdout: lines.join('\n'), stderr: '', askedMs: 1_000, answeredMs: 1_000 + slowMs };
}

const configOf = (id: number, subnet: string, pools: readonly string[], reservations: readonly string[] = []): string =>
  JSON.stringify({
    Dhcp4: {
      subnet4: [
        {
          id,
          subnet,
          pools: pools.map((pool) => ({ pool })),
          reservations: reservations.map((address, i) => ({
            'hw-address': `00:00:5e:00:53:0${i}`,
            'ip-address': address,
          })),
        },
      ],
    },
  });
const PRESENT = configOf(1, '192.0.2.0/24', ['192.0.2.100 - 192.0.2.199']);
const normal = (name: string) => statusAnswer({ name, state: 'hot-standby' });

function judge(ns1: Member, ns2: Member, coming = PRESENT) {
  const answers = new Map([
    ['ns1', answer({ status: normal('ns1'), config: PRESENT, ...ns1 })],
    ['ns2', answer({ status: normal('ns2'), config: PRESENT, ...ns2 })],
  ]);
  return mayChange({ host: 'ns1', coming: new Map([[4 as const, coming]]), minFreeMib: 64 }, answers);
}

describe('a change of a pair', () => {
  it('may begin when both are well', () => {
    expect(judge({}, {})).toEqual({ warnings: [] });
  });

  it('may begin where there is nothing yet, and where only the other one serves', () => {
    const nobody = new Map([
      ['ns1', { code: 0, stdout: `time ${NOW}\nfree 900000\nstatus4 \n`, stderr: '', askedMs: 0, answeredMs: 1 }],
      ['ns2', { code: 0, stdout: `time ${NOW}\nfree 900000\nstatus4 \n`, stderr: '', askedMs: 0, answeredMs: 1 }],
    ]);
    expect(mayChange({ host: 'ns1', coming: new Map([[4 as const, PRESENT]]), minFreeMib: 64 }, nobody)).toEqual({
      warnings: [],
    });
    expect(
      judge(
        { status: '' },
        { status: statusAnswer({ name: 'ns2', state: 'partner-down', partner: 'unavailable', inTouch: false }) },
      ).refusal,
    ).toBeUndefined();
  });
});

describe('clocks', () => {
  it.each([
    [30, [], undefined],
    [
      45,
      ['the clocks of ns1 and ns2 are 45 s apart: from 60 s on their Kea servers no longer work together'],
      undefined,
    ],
    [90, [], 'the clocks of ns1 and ns2 are 90 s apart: Kea ends HA from 60 s on'],
    [-90, [], 'the clocks of ns1 and ns2 are 90 s apart: Kea ends HA from 60 s on'],
  ])('that are %i s apart', (aheadSec, warnings, message) => {
    const verdict = judge({}, { aheadSec });
    expect(verdict.warnings).toEqual(warnings);
    expect(verdict.refusal?.message).toBe(message);
  });

  it('are not called wrong because of a slow link', () => {
    expect(judge({}, { aheadSec: 61, slowMs: 40_000 }).refusal).toBeUndefined();
  });
});

describe('states', () => {
  it('that are not normal refuse the change, and are named', () => {
    const { refusal } = judge({}, { status: statusAnswer({ name: 'ns2', state: 'waiting', partner: 'hot-standby' }) });
    expect(refusal?.message).toContain('kea-dhcp4 of ns2 is in state waiting');
    expect(refusal?.detail).toEqual([
      'ns1  kea-dhcp4  hot-standby, partner hot-standby',
      'ns2  kea-dhcp4  waiting, partner hot-standby',
    ]);
  });

  it('of two servers that lost sight of each other are both told', () => {
    const alone = (name: string) =>
      statusAnswer({ name, state: 'partner-down', partner: 'unavailable', inTouch: false });
    const { refusal } = judge({ status: alone('ns1') }, { status: alone('ns2') });
    expect(refusal?.message).toBe(
      'ns1 and ns2 each serve alone: their kea-dhcp4 servers run and cannot reach each other',
    );
    expect(refusal?.detail).toEqual([
      'ns1  kea-dhcp4  partner-down, partner unavailable',
      'ns2  kea-dhcp4  partner-down, partner unavailable',
    ]);
    expect(refusal?.remedy).toContain('kea_ha_port');
  });

  it('of a pair that ended its HA say what to do', () => {
    const ended = (name: string) => statusAnswer({ name, state: 'terminated', partner: 'terminated' });
    expect(judge({ status: ended('ns1') }, { status: ended('ns2') }).refusal?.remedy).toContain('restart');
  });
});

describe('room for leases', () => {
  it('must be there on the partner too: it would stop both', () => {
    const { refusal } = judge({}, { freeKib: 900 });
    expect(refusal?.message).toBe('ns2 has 0.9 MiB left for leases (at least 64 are wanted)');
  });

  it('is not judged where it is not known', () => {
    expect(judge({}, { freeKib: Number.NaN }).refusal).toBeUndefined();
  });
});

describe('subnet ids', () => {
  it.each([
    [
      'another subnet under an id in use',
      configOf(1, '198.51.100.0/24', []),
      'id 1 is 192.0.2.0/24 on the host, and would be 198.51.100.0/24',
    ],
    [
      'another id for a subnet',
      configOf(7, '192.0.2.0/24', []),
      '192.0.2.0/24 has the id 1 on the host, and would have 7',
    ],
    [
      'a subnet that shrinks',
      configOf(1, '192.0.2.0/25', []),
      'id 1 is 192.0.2.0/24 on the host, and would be 192.0.2.0/25',
    ],
  ])('refuse %s', (_, coming, message) => {
    expect(judge({}, {}, coming).refusal?.message).toBe(`a subnet id would change its meaning: ${message}`);
  });

  it('stay when a subnet grows', () => {
    expect(judge({}, {}, configOf(1, '192.0.2.0/23', ['192.0.2.100 - 192.0.2.199'])).refusal).toBeUndefined();
  });

  it('are not compared with what cannot be read', () => {
    expect(
      judge({ config: '{ "Dhcp4": { /* by hand */ } }' }, {}, configOf(1, '198.51.100.0/24', [])).refusal,
    ).toBeUndefined();
  });
});

describe('leases in use', () => {
  const lease = (address: string, expire = NOW + 600) =>
    `${address},02:00:5e:00:00:07,,3600,${expire},1,0,0,printer,0,,0`;
  const shrunk = configOf(1, '192.0.2.0/24', ['192.0.2.100 - 192.0.2.149']);

  it('outside the new pools are named, wherever they are known', () => {
    const { refusal } = judge(
      { leases: [lease('192.0.2.160')] },
      { leases: [lease('192.0.2.170'), lease('192.0.2.120')] },
      shrunk,
    );
    expect(refusal?.message).toBe('2 leases are in use that no pool would hold any more');
    expect(refusal?.detail).toEqual([
      expect.stringMatching(/^192\.0\.2\.160 {2}02:00:5e:00:00:07 {2}printer {2}subnet 1, until 2027-/),
      expect.stringContaining('192.0.2.170'),
    ]);
  });

  it('are of no interest when they are over, reserved from now on, or never came from a pool', () => {
    expect(judge({ leases: [lease('192.0.2.160', NOW - 5)] }, {}, shrunk).refusal).toBeUndefined();
    const reserved = configOf(1, '192.0.2.0/24', ['192.0.2.100 - 192.0.2.149'], ['192.0.2.160']);
    expect(judge({ leases: [lease('192.0.2.160')] }, {}, reserved).refusal).toBeUndefined();
    expect(judge({ leases: [lease('192.0.2.20')] }, {}, shrunk).refusal).toBeUndefined();
  });

  it('keep a subnet that would go', () => {
    expect(
      judge({ leases: [lease('192.0.2.160')] }, {}, configOf(2, '198.51.100.0/24', [])).refusal?.message,
    ).toContain('1 lease is in use');
  });

  it('are named ten at a time', () => {
    const many = Array.from({ length: 30 }, (_, i) => lease(`192.0.2.${160 + i}`));
    const { refusal } = judge({ leases: many }, {}, shrunk);
    expect(refusal?.detail).toHaveLength(11);
    expect(refusal?.detail.at(-1)).toBe('… and 20 more');
  });

  it('in a damaged file refuse the change: Kea would not start again', () => {
    const { refusal } = judge({}, { leaseFile: '\0\0\0\0\n' });
    expect(refusal?.message).toMatch(/^a lease file is damaged: ns2: kea-leases4\.csv: the header has/);
    expect(refusal?.remedy).toContain('gets all leases from its partner');
  });

  it('in damaged rows are told, and do not stop anybody', () => {
    const { refusal, warnings } = judge({ leases: ['\0\0\0', lease('192.0.2.120')] }, {});
    expect(refusal).toBeUndefined();
    expect(warnings).toEqual([expect.stringContaining('ns1: 1 damaged row in its lease file')]);
  });
});

describe('hostile answers', () => {
  it.each([
    '',
    'time\nfree\nstatus4\n',
    'status4 !!!!\nconfig4 AAAA\nleases4 x y z\n',
    'time NaN\nfree -\n',
    '\0'.repeat(1000),
  ])('do no harm: %j', (stdout) => {
    const answers = new Map([['ns1', { code: 0, stdout, stderr: '', askedMs: 0, answeredMs: 1 }]]);
    expect(
      mayChange({ host: 'ns1', coming: new Map([[4 as const, PRESENT]]), minFreeMib: 64 }, answers).refusal,
    ).toBeUndefined();
  });
});
