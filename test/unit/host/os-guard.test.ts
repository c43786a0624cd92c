import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { osBackPoints, osPoints } from '../../../src/host/points.ts';
import { A, B, O, OsRoot } from './os-fixture.ts';

let root: OsRoot;
beforeEach(() => {
  root = new OsRoot();
});
afterEach(() => root.remove());

const ARMED = `make_os armed; printf '%s\\n' ${B} >"$OPEN/target"; deployments '${B} staged locked' '${A} pinned' ${O}`;
const TRIAL = `make_os applied; deployments ${B} '${A} pinned'; now_booted ${B} boot-2; unit app.service ActiveState=active SubState=running NRestarts=0`;
/** Looks of the guard at second AT…, as uptime says; GUARD_WORD as its loop sets it. Nothing naps. */
const LOOKS = `
nap() { :; }
looks() {
  local at started=0
  for at in "$@"; do
    eval "uptime_seconds() { REPLY=$at; }"
    slot_state || break
    GUARD_WORD=$REPLY
    guard_os os1 0
  done >/dev/null
}`;
const deadline = (at: number): string => `printf '%s\\n' ${at} >"$RUN/deadline.os1"`;

describe('the guard of an OS upgrade', () => {
  it('waits for the deadline on the old side, then drops what is staged and ends', () => {
    expect(
      root
        .run(`${LOOKS}; ${ARMED}; ${deadline(100)}; looks 1 50 99; facts; looks 100; facts; cat "$FAKE/log"`)
        .split('\n'),
    ).toEqual([
      'armed default=b staged locked reboots=0 denied=0 cause=',
      'reverted default=a reboots=0 denied=0 cause=deadline',
      'cleanup -p',
      'start zincati',
      '',
    ]);
  });

  it('says whether the host was told to reboot and did not, or never was', () => {
    const ended = (told: string): string =>
      root.run(`${LOOKS}; ${ARMED}; ${told}; ${deadline(10)}; looks 20; cat "$STATE/reverted/1/report"`);
    expect(ended(':')).toBe('nobody went on with the upgrade in time\n');
    expect(ended('os_note_told')).toBe('the host was told to reboot, and did not in time\n');
  });

  it('leaves a reboot that is under way to what comes up', () => {
    const stopping = 'printf "stopping\\n" >"$FAKE/running"';
    expect(root.run(`${LOOKS}; ${ARMED}; ${deadline(10)}; ${stopping}; looks 20 30; facts`)).toMatch(
      /^armed default=b staged/,
    );
  });

  it('takes its own staging’s transaction away, and waits for anybody else’s', () => {
    const busy = ': >"$FAKE/transaction"';
    expect(
      root.run(
        `${LOOKS}; ${ARMED}; ${deadline(10)}; ${busy}; looks 20; facts; rm "$FAKE/transaction"; looks 30; facts`,
      ),
    ).toMatch(/^armed .*\nreverted default=a /);
    expect(root.run(`${LOOKS}; ${ARMED}; ${deadline(10)}; ${busy}; : >"$RUN/staging.os1"; looks 20; facts`)).toMatch(
      /^reverted default=a /,
    );
  });

  it('goes back at the deadline of the trial, which may have been moved', () => {
    expect(
      root
        .run(
          `${LOOKS}; ${TRIAL}; ${deadline(100)}; looks 1 99; ${deadline(200)}; looks 100 199; facts; looks 200; facts`,
        )
        .split('\n'),
    ).toEqual([
      'applied default=b reboots=0 denied=0 cause=',
      'reverting default=a pinned reboots=1 denied=0 cause=deadline',
      '',
    ]);
  });

  it('goes back when a unit is red at two looks after the settle time, with its words', () => {
    for (const [red, words] of [
      ['ActiveState=failed SubState=failed Result=exit-code', 'app.service is failed'],
      ['ActiveState=inactive SubState=dead', 'app.service is inactive'],
      ['ActiveState=activating SubState=auto-restart', 'app.service keeps failing'],
      ['ActiveState=active SubState=running NRestarts=3', 'app.service was restarted by systemd'],
    ] as const) {
      const script = `${LOOKS}; ${TRIAL}; ${deadline(900)}; looks 0 29 30; unit app.service ${red}; looks 33; facts; looks 36; facts; cat "$OPEN/report"`;
      const [first, second, ...report] = root.run(script).split('\n');
      expect(first, red).toBe('applied default=b reboots=0 denied=0 cause=');
      expect(second, red).toBe('reverting default=a pinned reboots=1 denied=0 cause=checks');
      expect(report.join(' '), red).toContain(words);
      expect(report.join(' '), red).toContain('words of the unit');
    }
  });

  it('does not mind what is red once, before the settle time, still starting, or queued', () => {
    for (const script of [
      'looks 0; unit app.service ActiveState=failed; looks 10 20; unit app.service ActiveState=active NRestarts=1; looks 31 34 37',
      'looks 0 31; unit app.service ActiveState=inactive; looks 34; unit app.service ActiveState=active NRestarts=0; looks 37 40',
      'looks 0; unit app.service ActiveState=activating SubState=start; looks 31 34 37 40',
      'looks 0; unit app.service ActiveState=inactive Job=77; looks 31 34 37 40',
    ])
      expect(root.run(`${LOOKS}; ${TRIAL}; ${deadline(900)}; ${script}; facts`), script).toMatch(/^applied /);
  });

  it('asks once a minute for a reboot that does not come', () => {
    expect(
      root.run(`${LOOKS}; ${TRIAL}; ${deadline(5)}; looks 1 5 6 30; facts; looks 67 70; facts`).split('\n'),
    ).toEqual([
      'reverting default=a pinned reboots=1 denied=0 cause=deadline',
      'reverting default=a pinned reboots=2 denied=0 cause=deadline',
      '',
    ]);
  });

  it('tries again what failed: ostree that does not answer, a default that does not stick', () => {
    const broken = ': >"$FAKE/set-default-fails"';
    expect(
      root
        .run(
          `${LOOKS}; ${TRIAL}; ${deadline(5)}; ${broken}; looks 6; facts; rm "$FAKE/set-default-fails"; looks 7 8; facts`,
        )
        .split('\n'),
    ).toEqual([
      'reverting default=b reboots=0 denied=0 cause=deadline',
      'reverting default=a pinned reboots=1 denied=0 cause=deadline',
      '',
    ]);
  });

  it('has points for tests to break in everything that it does', () => {
    expect(osPoints()).toEqual(
      expect.arrayContaining(['arm', 'hold', 'pin', 'stage', 'staged-check', 'leave', 'rebooting', 'leave-reboot']),
    );
    expect(osBackPoints()).toEqual(
      expect.arrayContaining([
        'trial',
        'go-back',
        'back-cleanup',
        'back-default',
        'back-reboot',
        'os-end',
        'os-end-cleanup',
        'os-reverted',
      ]),
    );
  });
});
