import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { momentOf } from '../../../src/cli/since.ts';
import { scheduleAddedLines } from '../../../src/report/schedule-text.ts';
import { createStyle } from '../../../src/report/style.ts';
import { parseElapses } from '../../../src/schedule/calendar.ts';
import { clockChanges, zoneOf } from '../../../src/schedule/clock-change.ts';
import { clockDoubts } from '../../../src/schedule/clock-doubts.ts';
import { cronLine, cronTime } from '../../../src/schedule/cron.ts';
import { ScheduleError } from '../../../src/schedule/errors.ts';
import { trialWords } from '../../../src/schedule/trial.ts';
import { environmentEntry, execWord, settingValue } from '../../../src/schedule/unit-quote.ts';
import { type Launch, readSchedule, type Schedule, unitTexts } from '../../../src/schedule/unit-text.ts';

const SCHEDULE: Schedule = {
  name: 'nightly',
  calendar: 'Sun 03:00 Europe/Berlin',
  words: ['upgrade', '--limit', 'dns', '--yes'],
  projectDir: '/srv/dns',
  delay: '5min',
  persistent: true,
};
const LAUNCH: Launch = {
  command: ['/bin/bash', '/srv/dns/run'],
  environment: { HOME: '/root', PATH: '/usr/bin' },
  lockFile: '/root/.local/state/coreos-infra/dns/schedules/nightly.lock',
};

const noAnalyze = spawnSync('systemd-analyze', ['--version']).status !== 0;
if (noAnalyze) process.stderr.write('schedule.test.ts: no systemd-analyze here; the lab tests ask that of a host\n');

describe('the units of a schedule', () => {
  test('start the command in the project, under a lock, and tell when it fails', () => {
    const { timer, service, failed } = unitTexts(SCHEDULE, LAUNCH);
    expect(timer).toContain('\nOnCalendar=Sun 03:00 Europe/Berlin\nRandomizedDelaySec=5min\nPersistent=true\n');
    expect(service).toContain('\nOnFailure=coreos-infra-nightly-failed.service\n');
    expect(service).toContain('\nWorkingDirectory=/srv/dns\nEnvironment="HOME=/root"\n');
    expect(service).toContain(
      '--conflict-exit-code 75 "/root/.local/state/coreos-infra/dns/schedules/nightly.lock" "/bin/bash" "/srv/dns/run" "upgrade" "--limit" "dns" "--yes"\nSuccessExitStatus=75\n',
    );
    expect(service).toMatch(/UnsetEnvironment=[A-Z_ ]*SSH_AUTH_SOCK/);
    expect(failed).toContain('"/srv/dns/run" "schedule" "failed" "nightly"\n');
  });

  test('that only writes metrics has not failed when something does not serve', () => {
    const words = ['status', '--prometheus', '/var/lib/node_exporter/x.prom'];
    expect(unitTexts({ ...SCHEDULE, words }, LAUNCH).service).toContain('\nSuccessExitStatus=75 2 4\n');
    expect(unitTexts({ ...SCHEDULE, words: ['status'] }, LAUNCH).service).toContain('\nSuccessExitStatus=75\n');
  });

  test('are read back as they were written, and only ours', () => {
    const odd = { ...SCHEDULE, words: ['exec', '--', 'echo', '%n $HOME "ü" \\'], calendar: '*-*-* 02:30' };
    expect(readSchedule(unitTexts(odd, LAUNCH).timer)).toEqual(odd);
    expect(readSchedule('[Timer]\nOnCalendar=daily\n')).toBeUndefined();
    expect(readSchedule('[X-CoreosInfra]\nSchedule=e30\n')).toBeUndefined();
    expect(readSchedule('[X-CoreosInfra]\nSchedule=!!!\n')).toBeUndefined();
  });

  test('leave systemd nothing to expand, and take no word that it cannot hold', () => {
    expect(execWord('100% $HOME ${X} "q" \\n')).toBe('"100%% $$HOME $${X} \\"q\\" \\\\n"');
    expect(execWord('')).toBe('""');
    expect(execWord('a;b')).toBe('"a;b"');
    expect(environmentEntry('A', '$x %h "y"')).toBe('"A=$x %%h \\"y\\""');
    expect(settingValue('/srv/100%')).toBe('/srv/100%%');
    for (const hostile of ['a\nExecStart=/bin/evil', 'a\rb', 'a\u0000b'])
      for (const quote of [execWord, settingValue, (text: string) => environmentEntry('A', text)])
        expect(() => quote(hostile)).toThrow(ScheduleError);
  });
});

describe('what is tried before', () => {
  test.each([
    [
      ['upgrade', '--limit', 'dns', '--yes'],
      ['upgrade', '--limit', 'dns', '--ignore-windows', '--check', '--json'],
    ],
    [
      ['deploy-dns', '-l', 'ns1'],
      ['deploy-dns', '-l', 'ns1', '--check', '--json'],
    ],
    [
      ['exec', '-l', 'ns1', '--sudo', '--timeout', '5', '--', 'rm', '-l', 'x'],
      ['exec', '-l', 'ns1', '--sudo', '--', 'true'],
    ],
    [
      ['copy', '--limit=ns1', '-i', 'prod', 'a', '/b'],
      ['exec', '--limit=ns1', '-i', 'prod', '--', 'true'],
    ],
    [
      ['status', 'dns'],
      ['status', 'dns'],
    ],
  ])('%j is %j', (words, tried) => {
    expect(trialWords(words)).toEqual(tried);
  });
});

test('the times of systemd are read in UTC, whatever this machine’s own zone is', () => {
  const text = `  Original form: Sun 03:00 Europe/Berlin
Normalized form: Sun *-*-* 03:00:00 Europe/Berlin
    Next elapse: Sun 2026-11-22 03:00:00 CET
       (in UTC): Sun 2026-11-22 02:00:00 UTC
       From now: 13h left
       Iter. #2: Sun 2026-11-29 03:00:00 CET
       (in UTC): Sun 2026-11-29 02:00:00 UTC
   Iteration #3: Sun 2026-12-06 02:00:00 UTC
`;
  expect(parseElapses(text)).toEqual([
    '2026-11-22T02:00:00.000Z',
    '2026-11-29T02:00:00.000Z',
    '2026-12-06T02:00:00.000Z',
  ]);
  expect(parseElapses('    Next elapse: never\n')).toEqual([]);
});

describe('clocks that go forward or back', () => {
  const from = Date.parse('2026-11-21T12:00:00Z');

  test('are known to the minute, in both directions, in half hours and in the south', () => {
    const changes = (zone: string) =>
      clockChanges(zone, from, 366).map(({ atMs, beforeMs, afterMs }) => [
        new Date(atMs).toISOString().slice(0, 16),
        (afterMs - beforeMs) / 60_000,
      ]);
    expect(changes('Europe/Berlin')).toEqual([
      ['2027-03-28T01:00', 60],
      ['2027-10-31T01:00', -60],
    ]);
    expect(changes('Australia/Lord_Howe')).toEqual([
      ['2027-04-03T15:00', -30],
      ['2027-10-02T15:30', 30],
    ]);
    expect(changes('Etc/UTC')).toEqual([]);
    expect(changes('Nowhere/Atlantis')).toEqual([]);
  });

  test.each([
    ['Sun 03:00 Europe/Berlin', 'Europe/Berlin', 'Sun 03:00'],
    ['*-*-* 02:30 UTC', 'UTC', '*-*-* 02:30'],
    ['*-*-* 02:30', undefined, '*-*-* 02:30'],
    ['daily', undefined, 'daily'],
    ['Mon *-*-* 02:30 Nowhere', undefined, 'Mon *-*-* 02:30 Nowhere'],
  ])('the zone of %j is %j', (calendar, zone, local) => {
    expect(zoneOf(calendar)).toEqual({ zone, local });
  });

  test.skipIf(noAnalyze)(
    'what falls into an hour that is not there is told, with what systemd makes of it',
    async () => {
      const doubts = (calendar: string, zone?: string) =>
        clockDoubts(calendar, { nowMs: from, ...(zone === undefined ? {} : { zone }) });
      const expected = { zone: 'Europe/Berlin', local: '2027-03-28 02:30' };
      expect(await doubts('*-*-* 02:30 Europe/Berlin')).toMatchObject([expected]);
      expect(await doubts('Sun 02:30', 'Europe/Berlin')).toMatchObject([expected]);
      expect((await doubts('*-*-* 02:30 Europe/Berlin'))[0]?.what).toMatch(/^(?:left out|moved)$/);
      expect(await doubts('*-*-* 02:00 America/New_York')).toMatchObject([{ local: '2027-03-14 02:00' }]);
      for (const calm of [
        '*-*-* 03:00 Europe/Berlin',
        'Sat 02:30 Europe/Berlin',
        '*:0/15 Europe/Berlin',
        'hourly',
        '*-*-* 02:30 UTC',
        '2026-12-24 02:30 Europe/Berlin',
      ])
        expect([calm, await doubts(calm, 'Europe/Berlin')]).toEqual([calm, []]);
    },
  );

  test('are put into words, with a way out', () => {
    const style = createStyle({ colour: false, columns: 200, unicode: true });
    const text = (what: 'left out' | 'doubled') =>
      scheduleAddedLines(
        {
          schedule: SCHEDULE,
          next: ['2026-11-22T02:00:00.000Z'],
          linger: 'sudo loginctl enable-linger dns',
          doubts: [{ zone: 'Europe/Berlin', local: '2027-03-28 02:30', what }],
        },
        { style, commandLine: (words) => `run ${words}` },
      ).join('\n');
    expect(text('left out')).toContain('2027-03-28 02:30 is not there in Europe/Berlin');
    expect(text('left out')).toMatch(/left out that day\. .*another hour, or UTC/);
    expect(text('doubled')).toContain('it runs twice');
    expect(text('doubled')).toContain('until somebody says: sudo loginctl enable-linger dns');
  });
});

describe('without systemd', () => {
  test.each([
    ['Sun 03:00 Europe/Berlin', { time: '0 3 * * 0', zone: 'Europe/Berlin' }],
    ['*-*-* 02:30', { time: '30 2 * * *' }],
    ['Mon..Fri 12:05:00', { time: '5 12 * * 1-5' }],
    ['Mon,Thu 00:00', { time: '0 0 * * 1,4' }],
    ['*-*-01 04:00', { time: '0 4 1 * *' }],
    ['daily', { time: '0 0 * * *' }],
    ['*:0/15', { time: '*/15 * * * *' }],
    ['*:5/20', { time: '5-59/20 * * * *' }],
    ['*-*-* *:00', { time: '0 * * * *' }],
    ['Mon..Fri 08..18/2:30 Europe/Berlin', { time: '30 8-18/2 * * 1-5', zone: 'Europe/Berlin' }],
    ['*-01,07-15 02,14:00', { time: '0 2,14 15 1,7 *' }],
    ['03:00 UTC', { time: '0 3 * * *', zone: 'UTC' }],
    ['quarterly', { time: '0 0 1 1,4,7,10 *' }],
    ['Sun *-*-01 04:00', {}],
    ['2027-01-01 04:00', {}],
    ['*-*~1 04:00', {}],
    ['25:00', {}],
    ['03:60', {}],
    ['*-*-0 03:00', {}],
    ['*:0/0', {}],
    ['03:00:30', {}],
    ['Foo 03:00', {}],
  ])('%s is %j in crontab', (calendar, line) => {
    expect(cronTime(calendar)).toEqual(line);
  });

  test('every word keeps its meaning to the shell of cron', () => {
    expect(cronLine('0 3 * * 0', "/srv/d'ns", ['/srv/run', 'exec', '--', 'date +%s; echo *'])).toBe(
      `0 3 * * 0 cd '/srv/d'\\''ns' && /srv/run exec -- 'date +\\%s; echo *'`,
    );
  });
});

describe('--since', () => {
  const now = new Date('2026-11-21T12:00:00.000Z');
  test.each([
    ['12h', '2026-11-21T00:00:00.000Z'],
    ['7d', '2026-11-14T12:00:00.000Z'],
    ['2026-11-01T14:00Z', '2026-11-01T14:00:00.000Z'],
    ['2026-11-01 14:00:30+02:00', '2026-11-01T12:00:30.000Z'],
  ])('%s', (text, moment) => {
    expect(momentOf(text, now, '--since')).toBe(moment);
  });

  test('a date alone begins at midnight here', () => {
    expect(momentOf('2026-11-01', now, '--since')).toBe(new Date(2026, 10, 1).toISOString());
    expect(momentOf('yesterday', now, '--since') < momentOf('today', now, '--since')).toBe(true);
  });

  test.each(['2026-02-31', '2026-13-01', 'last week', '-3d', '', '7'])('%j is refused with words', (text) => {
    expect(() => momentOf(text, now, '--since')).toThrow(/this is no time/);
  });
});
