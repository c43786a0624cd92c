/** The report as lines: what people read in a CI log, and after the live display of a terminal is gone. */
import { expect, test } from 'vitest';
import type { ChangeReport, EngineEvent, ErrorReport } from '../../../src/engine/events.ts';
import { plainText, ZONE_CHANGES } from './events.ts';

const OK = { status: 'ok', tookMs: 290 } as const;
const CHANGED = { status: 'changed', changes: ZONE_CHANGES } as const;

test('a run that finds everything as described is one line', async () => {
  const text = await plainText({ hosts: { ns1: OK, ns2: OK }, durationMs: 312 }, 0);
  expect(text).toBe('deploy-dns · ns1, ns2 are as described (11 resources each) · 0.3 s\n');
});

test('one host is not a plural', async () => {
  const text = await plainText({ hosts: { ns1: { ...OK, resources: 1 } }, durationMs: 312 }, 0);
  expect(text).toBe('deploy-dns · ns1 is as described (1 resource) · 0.3 s\n');
});

test('hosts with different numbers of resources share the line', async () => {
  const text = await plainText({ hosts: { ns1: OK, ns2: { ...OK, resources: 14 } }, durationMs: 312 }, 0);
  expect(text).toBe('deploy-dns · ns1, ns2 are as described (11–14 resources each) · 0.3 s\n');
});

test('a change is one line per host, then how the service fared, then the verdict', async () => {
  const availability = {
    dns: {
      group: { asked: 612, answered: 612, longestGapMs: 0 },
      ns1: { asked: 306, answered: 306, longestGapMs: 0 },
      ns2: { asked: 306, answered: 304, longestGapMs: 41 },
    },
    ntp: { group: { asked: 9, answered: 9, longestGapMs: 0, askedAgain: 0 } },
    dhcp: { group: { asked: 123, answered: 123, longestGapMs: 501, askedAgain: 2 } },
  };
  const text = await plainText({ hosts: { ns2: { ...CHANGED, tookMs: 1_400 }, ns1: CHANGED }, availability }, 0);
  expect(text).toBe(`deploy-dns · 2 hosts in dns · run 7f3a · from main@1c0f71d

  ns2  ✔ changed   zone example.com 2026112001 → 2026112002 (+1 ~1), reloaded                  1.4 s
  ns1  ✔ changed   zone example.com 2026112001 → 2026112002 (+1 ~1), reloaded                  1.3 s

dns answered 612/612 queries while we worked · longest gap 0 ms (group), 41 ms (ns2)
ntp answered 9/9 queries while we worked · longest gap 0 ms (group)
dhcp answered 123/123 queries (2 asked again) while we worked · longest gap 501 ms (group)
Confirmed on ns2 and ns1 in 3.1 s.
`);
});

test('a host that was as described is named beside one that was not', async () => {
  const text = await plainText({ hosts: { ns1: OK, ns2: CHANGED } }, 0);
  expect(text).toContain('  ns1  ✔ ok        as described (11 resources)');
  expect(text).toContain('Confirmed on ns2 in 3.1 s.');
});

test('--diff puts each diff under its host', async () => {
  const text = await plainText({ hosts: { ns1: CHANGED } }, 0, { diff: true });
  expect(text).toContain(`
    zone example.com                      update, serial 2026112001 → 2026112002 (+1 ~1)
      + printer      A      192.0.2.60
      ~ www          A      192.0.2.10 → 192.0.2.11
`);
});

test('check mode shows each change with its diff, and what was not touched', async () => {
  const changes = [
    ...ZONE_CHANGES,
    {
      resource: 'file:/etc/coredns/Corefile',
      action: 'update' as const,
      diff: ['  .:53 {', '- log', '+ errors'],
      handEdit: ['- log'],
    },
  ];
  const text = await plainText({ hosts: { ns1: { status: 'changed', changes } }, check: true }, 0, { diff: true });
  expect(text).toBe(`deploy-dns · 1 host in dns · run 7f3a · from main@1c0f71d · check only

ns1  would change 3 of 11

  zone example.com                      update, serial 2026112001 → 2026112002 (+1 ~1)
    + printer      A      192.0.2.60
    ~ www          A      192.0.2.10 → 192.0.2.11
  coredns.service                       reload because of zone example.com
  /etc/coredns/Corefile                 update
      .:53 {
    - log
    + errors
  ! /etc/coredns/Corefile was edited on the host by hand; applying replaces these lines:
    - log

Nothing was touched. Apply: run deploy-dns --limit ns1
`);
});

test('hosts that would change alike are shown once', async () => {
  const text = await plainText({ hosts: { ns1: CHANGED, ns2: CHANGED, ns3: OK }, check: true }, 0);
  expect(text).toContain('ns1, ns2  would change 2 of 11\n');
  expect(text.match(/zone example.com/g)).toHaveLength(2); // the zone, and why its service is reloaded
  expect(text).toContain('  ns3  ✔ ok');
});

test('a host that cannot be reached says why and what to do, and how the run ends', async () => {
  const error: ErrorReport = {
    code: 'E_CONNECT',
    message: 'no answer from 192.0.2.12:22 within 10 s',
    detail: [],
    remedy: 'Is it up? Try: ping 192.0.2.12',
  };
  const text = await plainText({ hosts: { ns1: CHANGED, ns2: { status: 'unreachable', tookMs: 10_020, error } } }, 4);
  expect(
    text,
  ).toContain(`  ns2  ✖ unreachable no answer from 192.0.2.12:22 within 10 s                                   10 s
         Is it up? Try: ping 192.0.2.12

1 of 2 hosts done · ns2 unreachable                                                           exit 4
`);
});

test("a failed host shows the program's own words below its line", async () => {
  const error: ErrorReport = {
    code: 'E_APPLY',
    message: 'coredns refuses the new configuration',
    detail: ["Corefile:12 - Unknown directive 'forwrad'"],
    remedy: 'Correct it and run again.',
  };
  const text = await plainText(
    {
      hosts: {
        ns2: { status: 'failed', error },
        ns1: { status: 'skipped', message: 'an earlier host failed', tookMs: 0 },
      },
    },
    2,
  );
  expect(
    text,
  ).toContain(`  ns2  ✖ failed    coredns refuses the new configuration                                       1.3 s
           Corefile:12 - Unknown directive 'forwrad'
         Correct it and run again.
  ns1  – skipped   an earlier host failed`);
  expect(text).toContain('0 of 2 hosts done · ns2 failed, ns1 skipped');
});

const WARNING = {
  event: 'warning',
  message: 'ns1 serves its own clock',
  remedy: 'Give it sources: chrony_servers.',
} as const;

test('a warning and its remedy stand above the hosts', async () => {
  const text = await plainText({ hosts: { ns1: OK, ns2: CHANGED }, before: [WARNING] }, 0);
  expect(text).toContain('  ! ns1 serves its own clock\n    Give it sources: chrony_servers.\n  ns1  ✔ ok');
});

test('a warning does not make more than a line of a run without changes', async () => {
  const text = await plainText({ hosts: { ns1: OK }, before: [WARNING], durationMs: 300 }, 0);
  expect(text).toBe(`deploy-dns · ns1 is as described (11 resources) · 0.3 s
  ! ns1 serves its own clock
    Give it sources: chrony_servers.
`);
});

test('what a host says cannot command the terminal', async () => {
  const error: ErrorReport = {
    code: 'E_APPLY',
    message: 'it said \x1b[2J\x1b]0;owned\x07\r\n\x9b31mrest\u202e',
    detail: ['\x1b[1A\x07line'],
    remedy: 'See.',
  };
  const text = await plainText({ hosts: { ns1: { status: 'failed', error } } }, 2);
  expect(text.replaceAll('\n', '')).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202e]/);
  expect(text).toContain('it said');
  expect(text).toContain('line');
});

test('-v shows steps, -vv each probe', async () => {
  const before = [
    { event: 'host-step', host: 'ns1', step: 'validate', message: 'coredns' },
    {
      event: 'probe',
      host: 'ns1',
      result: {
        ok: true,
        service: 'dns',
        name: 'SOA example.com @192.0.2.11:53/udp',
        detail: 'serial 2026112002',
        tookMs: 2,
      },
    },
  ] as const;
  expect(await plainText({ hosts: { ns1: CHANGED }, before }, 0)).not.toContain('validate');
  const once = await plainText({ hosts: { ns1: CHANGED }, before }, 0, { verbose: 1 });
  expect(once).toContain('  ns1  validate: coredns\n');
  expect(once).not.toContain('SOA');
  expect(await plainText({ hosts: { ns1: CHANGED }, before }, 0, { verbose: 2 })).toContain(
    '  ns1  ✔ dns SOA example.com @192.0.2.11:53/udp: serial 2026112002 (2 ms)\n',
  );
});

test('symbols have ASCII stand-ins, and the status is a word in any case', async () => {
  const text = await plainText({ hosts: { ns1: CHANGED } }, 0, { unicode: false });
  expect(text).toContain('ok changed');
  expect(text).not.toContain('✔');
});

test('many changes are counted instead of listed', async () => {
  const changes = ['a', 'b', 'c'].map((name) => ({ resource: `file:/etc/${name}`, action: 'create' as const }));
  const text = await plainText(
    {
      hosts: {
        ns1: { status: 'changed', changes: [...changes, { resource: 'unit:coredns.service', action: 'start' }] },
      },
    },
    0,
  );
  expect(text).toContain('✔ changed   3 created, coredns.service started');
});

test('in a narrow terminal the time follows the text', async () => {
  const text = await plainText({ hosts: { ns1: CHANGED } }, 0, { columns: 40 });
  expect(text).toContain('reloaded  1.3 s\n');
});

test('a host that ends as it should and has something to say is shown', async () => {
  const text = await plainText({ hosts: { ns1: { ...OK, message: 'already is as generation 3 was' } } }, 0);
  expect(text).toContain('  ns1  ✔ ok        already is as generation 3 was');
});

test('playbooks that are run as one: what each did to a host, below its name', async () => {
  const events = [
    ...part('deploy-ntp', { ns1: [], ns2: [] }),
    ...part('deploy-dns', { ns1: ZONE_CHANGES, ns2: [] }),
    ...part('deploy-dhcp', { ns1: [RELOAD], ns2: [RELOAD] }),
  ];
  const text = await plainText({ hosts: {}, before: events }, 0);
  expect(text.split('\n\n')[1]).toBe(`  deploy-dns
  ns1  ✔ changed   zone example.com 2026112001 → 2026112002 (+1 ~1), reloaded                  1.3 s
  deploy-dhcp
  ns1  ✔ changed   kea-dhcp4.service reloaded                                                  1.3 s
  ns2  ✔ changed   kea-dhcp4.service reloaded                                                  1.3 s`);
});

const RELOAD: ChangeReport = { resource: 'unit:kea-dhcp4.service', action: 'reload' };

function part(name: string, hosts: Readonly<Record<string, readonly ChangeReport[]>>): readonly EngineEvent[] {
  return [
    { event: 'play-started', name, pattern: name, hosts: Object.keys(hosts), roles: [] },
    ...Object.entries(hosts).flatMap(([host, changes]): EngineEvent[] => [
      { event: 'host-observed', host, resources: 3, tookMs: 100 },
      ...(changes.length > 0 ? [{ event: 'host-plan' as const, host, changes, resources: 3 }] : []),
      {
        event: 'host-done',
        host,
        status: changes.length > 0 ? 'changed' : 'ok',
        tookMs: 1_300,
        resources: 3,
        changes,
        error: null,
      },
    ]),
  ];
}
