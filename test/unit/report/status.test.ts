/** `run status` as people read it: the answer first, one line a host, and what to do about the rest. */
import { describe, expect, test } from 'vitest';
import { type FleetStatus, fleetVerdict, type HostStatusReport, type ServiceState } from '../../../src/engine/fleet.ts';
import { generationLines } from '../../../src/report/generations-text.ts';
import { heldLines } from '../../../src/report/held-text.ts';
import { statusLines } from '../../../src/report/status-text.ts';
import { createStyle } from '../../../src/report/style.ts';
import { tableLines } from '../../../src/report/table.ts';

const DNS: ServiceState = {
  state: 'serves',
  deployed: true,
  playbook: 'deploy-dns',
  zones: { answering: 3, asked: 3 },
  failed: [],
  warnings: [],
};
const NTP: ServiceState = {
  state: 'serves',
  deployed: true,
  playbook: 'deploy-ntp',
  time: { stratum: 3, offsetMs: -0.14, delayMs: 1, rootDistanceMs: 4, follows: 'source' },
  failed: [],
  warnings: [],
};
const REMEDY = 'See its console.';

function hostReport(name: string, more: Partial<HostStatusReport> = {}): HostStatusReport {
  return {
    name,
    address: '192.0.2.11',
    reached: true,
    os: { id: 'fedora', version: '44.20261115.3.0' },
    generation: 4,
    helper: { version: 'a1', isCurrent: true },
    services: { dns: DNS, ntp: NTP },
    changeSet: null,
    lease: null,
    reverted: null,
    drift: [],
    undescribed: [],
    error: null,
    ...more,
  };
}

function unreachable(name: string): HostStatusReport {
  return hostReport(name, {
    reached: false,
    os: null,
    helper: null,
    services: { dns: { ...DNS, state: 'unknown' }, ntp: { ...NTP, state: 'unknown' } },
    error: { code: 'E_HOST_UNREACHABLE', message: `${name}: no answer in 4 s`, detail: [], remedy: REMEDY },
  });
}

interface Look {
  readonly columns?: number;
  readonly terminal?: boolean;
  readonly drift?: boolean;
  readonly exit?: 0 | 1 | 2 | 4;
  readonly unicode?: boolean;
}

function text(hosts: readonly HostStatusReport[], look: Look = {}, more: Partial<FleetStatus> = {}): string {
  const { columns = 100, terminal = false, drift = false, exit = 0, unicode = true } = look;
  const status: FleetStatus = { services: ['dns', 'ntp'], hosts, problems: [], notes: [], ...more };
  const style = createStyle({ colour: false, columns, unicode, wrap: terminal });
  return statusLines(status, { style, exit, drift, commandLine: (words) => `run ${words} --lab` }).join('\n');
}

describe('the fleet', () => {
  test('is a table and one sentence when all is well', () => {
    expect(text([hostReport('ns1'), hostReport('ns2')])).toBe(
      `HOST  OS               DNS      NTP          CHANGE  NOTES
ns1   44.20261115.3.0  3 zones  −0.1 ms  s3  –       –
ns2   44.20261115.3.0  3 zones  −0.1 ms  s3  –       –
2 of 2 serve everything · no locks`,
    );
  });

  test('needs nothing outside ASCII where the terminal has nothing else', () => {
    expect(text([hostReport('ns1')], { unicode: false })).not.toMatch(/[^\n\x20-\x7e·]/);
  });

  test('shows – for what is not in service, and says when nothing is', () => {
    const idle = { ...DNS, state: 'not-in-service' as const, deployed: false };
    const shown = text([hostReport('ns1', { services: { dns: idle, ntp: idle } })]);
    expect(shown).toContain('ns1   44.20261115.3.0  –    –    –       –');
    expect(shown).toContain('nothing is in service yet · no locks');
  });

  test('names what does not answer, with the command that repairs it', () => {
    const fails: ServiceState = {
      ...DNS,
      state: 'fails',
      zones: { answering: 1, asked: 3 },
      failed: [{ name: 'SOA example.com @192.0.2.12:53/udp', detail: 'no answer in 2 s (2 tries)' }],
    };
    const shown = text([hostReport('ns1'), hostReport('ns2', { services: { dns: fails, ntp: NTP } })], { exit: 2 });
    expect(shown).toContain('ns2   44.20261115.3.0  ✖ 1 of 3 zones');
    expect(shown).toMatch(/1 of 2 serves everything · ns2 fails: dns · no locks +exit 2/);
    expect(shown).toContain(`✖ ns2 does not serve dns:
    SOA example.com @192.0.2.12:53/udp   no answer in 2 s (2 tries)
  Bring it to what is described: run deploy-dns --limit ns2 --lab`);
  });

  test('keeps an unreachable host apart, with what to do', () => {
    const shown = text([hostReport('ns1'), unreachable('ns2')], { exit: 4 });
    expect(shown).toMatch(/^ns2 +\? +\? +\? +\? +✖ unreachable$/m);
    expect(shown).toContain('1 of 2 serves everything · ns2 unreachable · no locks');
    expect(shown).toContain(`✖ ns2: no answer in 4 s\n  ${REMEDY}`);
  });

  test('a host whose key is wrong is there, and is not called unreachable', () => {
    const error = { code: 'E_HOST_KEY_CHANGED', message: 'the key of ns2 changed', detail: [], remedy: REMEDY };
    expect(text([hostReport('ns2', { reached: false, os: null, error })])).toContain('✖ refuses us');
  });

  test('what a host says cannot move the cursor', () => {
    const shown = text([
      hostReport('ns1', {
        os: { id: 'x', version: '44\u001b[2J' },
        lease: { owner: 'a\u001b]0;t\u0007b', run: 'r', purpose: 'p\n', expiresInSec: 9, heldForSec: 3 },
      }),
    ]);
    expect(shown).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  });
});

describe('what needs somebody', () => {
  const slot = { id: '3d7f', kind: 'config' as const, state: 'applied', run: '7f3a', owner: 'admin@desk' };

  test('an unconfirmed change set: until when, and how to end it', () => {
    const shown = text([hostReport('ns1', { changeSet: { ...slot, deadlineInSec: 96 } })]);
    expect(shown).toMatch(/^ns1 .* applied, 1 min 36 s left {2}–$/m);
    expect(shown).toContain('locked: ns1');
    expect(
      shown,
    ).toContain(`! ns1  change set 3d7f of admin@desk (run 7f3a) is applied and not confirmed: the guard reverts it in 1 min 36 s
  If its run is dead, it need not be waited for: run revert ns1 --lab`);
  });

  test('a change set that failed: why, and how to put it aside', () => {
    const changeSet = { ...slot, state: 'failed', reason: 'neither A nor B is booted' };
    expect(text([hostReport('ns1', { changeSet })])).toContain(
      `✖ ns1  change set 3d7f of admin@desk (run 7f3a) is failed: neither A nor B is booted
  Look at the host (docs/recovery.md), then put it aside: run unlock ns1 --lab`,
    );
  });

  test('a lock, a change that went back, and a hand edit', () => {
    const shown = text([
      hostReport('ns1', {
        lease: { owner: 'admin@desk', run: '7f3a', purpose: 'change of ns2', expiresInSec: 28, heldForSec: 12 },
        reverted: {
          number: 5,
          id: 'x',
          kind: 'config',
          run: '7f3a',
          owner: 'admin@desk',
          at: 0,
          reason: 'nobody confirmed it in time',
        },
        drift: [{ path: '/etc/coredns/Corefile', role: 'coredns', kind: 'edited', at: '2026-11-18T14:02:00.000Z' }],
      }),
    ]);
    expect(shown).toContain('locked by admin@desk, went back 19');
    expect(shown).toContain('1 file edited by hand');
    expect(shown).toContain('! ns1  locked by admin@desk (run 7f3a: change of ns2) for 12 s, 28 s more unless renewed');
    expect(shown).toContain('at once: run unlock ns1 --lab');
    expect(shown).toMatch(
      /↺ ns1 {2}the last change, of admin@desk \(run 7f3a\), went back .*: nobody confirmed it in time/,
    );
    expect(shown).toContain(
      '! ns1  changed by hand: /etc/coredns/Corefile\n  What exactly: run status ns1 --drift --lab',
    );
  });

  test('Zincati where it may boot a host, or is held since it would take what was denied', () => {
    const note = (zincati: object): string =>
      text([
        hostReport('ns1', {
          zincati: { active: 'inactive', enabled: 'enabled', status: '', isHeldBySlot: false, ...zincati },
        }),
      ]);
    expect(note({ active: 'active' })).toContain('Zincati may update it');
    expect(note({ active: 'active', isHeldBySlot: true }), 'whether or not our drop-in is there').toContain(
      'Zincati may',
    );
    const idle = 'initialization complete, auto-updates logic disabled by configuration';
    expect(note({ active: 'active', status: idle })).not.toContain('Zincati');
    expect(note({ heldFor: '44.2 44.3' })).toContain('Zincati held, 44.2 44.3 is denied');
    expect(note({ heldFor: '44.2', enabled: 'disabled' })).not.toContain('Zincati');
  });

  test('a playbook that cannot be loaded does not hide the hosts', () => {
    const problem = {
      code: 'E_X',
      message: 'playbooks/a.ts does not compile',
      detail: ['line'],
      remedy: 'Correct it.',
    };
    const shown = text([hostReport('ns1')], { exit: 1 }, { problems: [problem] });
    expect(shown).toContain('✖ playbooks/a.ts does not compile\n    line\n  Correct it.');
    expect(shown).toContain('1 of 1 serves everything');
  });
});

describe('--drift', () => {
  test('tells the lines of a hand from what is not applied yet', () => {
    const shown = text(
      [
        hostReport('ns1', {
          drift: [
            {
              path: '/etc/coredns/Corefile',
              role: 'coredns',
              kind: 'edited',
              at: '2026-11-18T14:02:00.000Z',
              lines: ['- log'],
            },
            { path: '/etc/x', role: 'coredns', kind: 'deleted' },
          ],
          pending: [{ playbook: 'deploy-dns', isFirst: false, resources: ['zone:example.com'] }],
          undescribed: [{ role: 'motd', files: 1 }],
        }),
      ],
      { drift: true },
    );
    expect(shown).toMatch(
      /ns1 {2}! \/etc\/coredns\/Corefile was edited on the host by hand \(2026-11-18 \d\d:02\); applying replaces these lines:\n {6}- log/,
    );
    expect(shown).toContain('ns1  ! /etc/x was deleted on the host by hand; applying writes it again');
    expect(shown).toContain('ns1  described, and not applied yet: zone example.com   run deploy-dns --limit ns1 --lab');
    expect(shown).toContain('ns1  role motd wrote 1 file here');
  });

  test('says so when there is none', () => {
    expect(text([hostReport('ns1')], { drift: true })).toContain(
      'ns1: nothing was changed by hand, and everything that is described is applied.',
    );
  });
});

test('a narrow terminal gets a block for each host; a log keeps the table', () => {
  const hosts = [hostReport('ns1', { drift: [{ path: '/etc/a', role: 'a', kind: 'deleted' }] })];
  const narrow = text(hosts, { columns: 40, terminal: true });
  expect(narrow).toContain('ns1\n  OS      44.20261115.3.0\n  DNS     3 zones\n');
  for (const line of narrow.split('\n')) expect(line.length).toBeLessThanOrEqual(60);
  expect(text(hosts, { columns: 40 })).toContain('HOST  OS');
});

test('the verdict counts reached hosts without a failing service', () => {
  const { serving, unreached, isIdle } = fleetVerdict({ hosts: [hostReport('ns1'), unreachable('ns2')] });
  expect({ serving, unreached, isIdle }).toEqual({ serving: ['ns1'], unreached: ['ns2'], isIdle: false });
});

test('kept generations: the present one is marked; a bare host says so', () => {
  const style = createStyle({ colour: false, columns: 100, unicode: true });
  const one = {
    generation: 12,
    at: '2026-11-18T14:02:00.000Z',
    id: 'a',
    run: '7f3a',
    owner: 'admin@desk',
    files: 7,
    present: true,
  };
  const shown = generationLines(
    { name: 'ns1', generations: [one, { ...one, generation: 9, present: false }] },
    style,
  ).join('');
  expect(shown).toMatch(
    /^ns1\n {2}12 {2}2026-11-18 \d\d:02 {2}run 7f3a {2}admin@desk {2}7 files and folders {2}present\n {2}9 {3}2026/,
  );
  expect(generationLines({ name: 'ns1', generations: [] }, style).join('')).toContain('has no confirmed generation');
});

test('who holds a host: since when, until when, and what taking it away means', () => {
  const lease = { owner: 'admin@desk', run: '7f3a', purpose: 'change of ns1', expiresInSec: 20, heldForSec: 12 };
  expect(heldLines('ns1', { lease, slot: undefined, reason: '' })).toEqual([
    'ns1 is locked by admin@desk (run 7f3a: change of ns1)',
    '  since 12 s; it ends by itself in 20 s unless that run renews it',
    '  If that run is alive, it is refused at its next step, and its change is undone.',
  ]);
});

test('columns are as wide as their widest cell, and lines end without spaces', () => {
  expect(
    tableLines([
      ['a', 'bb', 'c'],
      ['aaa', 'b', ''],
    ]),
  ).toEqual(['a    bb  c', 'aaa  b']);
});
