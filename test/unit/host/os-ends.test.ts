import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { joinScripts } from '../../../src/host/scripts.ts';
import { A, B, C, kinds, LEASE, O, OsRoot } from './os-fixture.ts';

let root: OsRoot;
beforeEach(() => {
  root = new OsRoot();
});
afterEach(() => root.remove());

describe('the end', () => {
  const trial = `${LEASE}; make_os applied; deployments ${B} '${A} pinned'; now_booted ${B} boot-2`;

  it('is a confirm of the trial’s own boot: unpinned, archived, Zincati as it was found', () => {
    const steps = root.steps(
      `${trial}; (confirm os1 boot-2); facts; cat "$FAKE/deployments" "$FAKE/log"; ls "$STATE/generations"; (confirm os1 boot-2); newest_generation; echo "$REPLY"`,
    );
    expect(kinds(steps)).toEqual([
      'confirm',
      'confirmed',
      'confirmed default=b reboots=0 denied=0 cause=',
      B,
      A,
      'start zincati',
      '1',
      'confirm',
      'confirmed',
      '0',
    ]);
    for (const [change, id, boot] of [
      [`now_booted ${B} boot-3`, 'os1', 'boot-3'],
      [`now_booted ${A} boot-2`, 'os1', 'boot-2'],
      [':', 'os1', 'boot-1'],
    ] as const)
      expect(kinds(root.steps(`${trial}; ${change}; (confirm ${id} ${boot})`)).at(-1), change).toBe('booted');
  });

  it('is a confirm all the same when the way back was deleted meanwhile, and says so whenever it is asked', () => {
    const steps = root.steps(`${trial}; deployments ${B} ${O}; (confirm os1 boot-2); (confirm os1 boot-2); status os1`);
    expect(steps.filter((step) => typeof step !== 'string' && step.kind !== 'step')).toMatchObject([
      { kind: 'confirmed', isWayBackGone: true },
      { kind: 'confirmed', isWayBackGone: true },
      { kind: 'status', state: 'confirmed', os: { isWayBackGone: true } },
    ]);
    for (const [what, change] of [
      ['there', ':'],
      ['nobody can tell', 'read_deployments() { return 1; }'],
    ] as const) {
      const silent = root.steps(`${trial}; ${change}; (confirm os1 boot-2); status os1`);
      expect(JSON.stringify(silent), what).not.toContain('isWayBackGone');
    }
    const rollback = `${LEASE}; make_os applied rollback; deployments ${B}; now_booted ${B} boot-2; (confirm os1 boot-2)`;
    expect(JSON.stringify(root.steps(rollback)), 'what was left is no way back').not.toContain('isWayBackGone');
  });

  it('unpins the way back although somebody else’s transaction moves the indexes meanwhile', () => {
    // What was at that index a moment ago is another one when ostree looks, and it says nothing.
    const moves = `words_of() { if [[ ! -e $FAKE/moved && "$*" == *'pin -u'* ]]; then : >"$FAKE/moved"; deployments '${C} staged' ${B} '${A} pinned'; fi; "$@" >/dev/null 2>&1; }`;
    const steps = root.steps(
      `${trial}; ${moves}; (confirm os1 boot-2); cat "$FAKE/deployments"; ls "$FAKE/moved" | wc -l`,
    );
    expect(kinds(steps)).toEqual(['confirm', 'confirmed', `${C} staged`, B, A, '1']);
  });

  it('is a way back when it is asked for, and the cause decides about the deny list', () => {
    for (const [cause, denied] of [
      ['checks', 1],
      ['person', 1],
      ['abort', 0],
    ] as const) {
      const steps = root.steps(
        `${trial}; (revert_request os1 ${cause} 'no answer'); facts; BOOTING=1; now_booted ${A} boot-3; read_os_slot; (os_settle); facts; status os1`,
      );
      expect(kinds(steps)).toEqual([
        'go-back',
        'going-back',
        `reverting default=a pinned reboots=1 denied=0 cause=${cause}`,
        'reverted',
        `reverted default=a reboots=1 denied=${denied} cause=${cause}`,
        'status',
      ]);
      expect(steps.at(-1)).toMatchObject({
        state: 'reverted',
        reason: 'no answer',
        os: { cause, from: A, to: B, trialBoot: 'boot-2' },
      });
    }
  });

  it('B5: drops what is staged first, and stays armed while that is refused', () => {
    const armed = `${LEASE}; make_os armed; printf '%s\\n' ${B} >"$OPEN/target"; deployments '${B} staged' '${A} pinned' ${O}`;
    expect(kinds(root.steps(`${armed}; (revert_request os1 abort enough); facts`))).toEqual([
      'os-end',
      'reverted',
      'reverted default=a reboots=0 denied=0 cause=abort',
    ]);
    for (const refusal of [': >"$FAKE/transaction"', 'printf "stopping\\n" >"$FAKE/running"'])
      expect(kinds(root.steps(`${armed}; ${refusal}; (revert_request os1 abort enough); facts`)), refusal).toEqual([
        'os-end',
        'revert-failed',
        expect.stringMatching(/^armed default=b staged reboots=0 /),
      ]);
    const ours = `${armed}; : >"$FAKE/transaction"; : >"$RUN/staging.os1"`;
    expect(
      kinds(root.steps(`${ours}; (revert_request os1 abort enough); grep -c cancel "$FAKE/log"`)),
      'our own transaction',
    ).toEqual(['os-end', 'reverted', '1']);
  });

  it('never removes the way back by a cleanup of what only waits for the next boot', () => {
    expect(
      root.run(
        `make_os armed; deployments ${A} ${B}; printf '%s\\n' ${B} >"$FAKE/booted"; drop_staged; cat "$FAKE/deployments"`,
      ),
    ).toBe(`${A}\n${B}\n`);
  });

  it('keeps a word of the trial from being hidden by an end that was asked for too late', () => {
    const late = `${LEASE}; make_os armed; printf '%s\\n' ${B} >"$OPEN/target"; mv "$OPEN/cause.abort" "$OPEN/cause"; deployments ${B} '${A} pinned'; now_booted ${B} boot-2`;
    expect(
      root.run(
        `${late}; BOOTING=1; read_os_slot; (os_settle) >/dev/null; BOOTING=; (revert_request os1 checks red) >/dev/null; facts`,
      ),
    ).toBe('reverting default=a pinned reboots=1 denied=0 cause=checks\n');
  });
});

describe('a slot that failed', () => {
  it('keeps its lock, its pin and its hold on Zincati until a person has looked', () => {
    const failed = `make_os failed; deployments ${C} ${B} '${A} pinned'; now_booted ${C} boot-4; unit zincati.service LoadState=loaded ActiveState=inactive`;
    expect(kinds(root.steps(`${failed}; (acquire t me run-9 test 30 0); facts`))).toEqual([
      'locked',
      'failed default=c reboots=0 denied=0 cause=',
    ]);
    const script = `${failed}; (unlock); facts; cat "$FAKE/deployments" "$FAKE/log"; ls "$STATE/failed"`;
    expect(kinds(root.steps(script))).toEqual([
      'unlocked',
      'gone default=c reboots=0 denied=0 cause=',
      C,
      B,
      A,
      'start zincati',
      '1',
    ]);
  });
});

describe('the deny list', () => {
  it('keeps what other hosts saw, under every name that the release has', () => {
    const deny = `${LEASE}; (os_deny t '' sha256:${'d'.repeat(64)} 44.3 checks 'ns2: no answer' run-7); ls "$STATE/deny"`;
    expect(
      kinds(
        root.steps(
          `make_os armed; ${deny}; (os_undeny t 44.2); ls "$STATE/deny"; (os_undeny t 44.3); ls "$STATE/deny"`,
        ),
      ),
    ).toEqual(['denied', 'd'.repeat(64), 'undenied', 'd'.repeat(64), 'undenied']);
    expect(kinds(root.steps(`make_os armed; ${LEASE}; (os_deny t '' ../x 44.3 checks y run)`))).toEqual([
      'write-failed',
    ]);
  });
});

describe('an upgrade that went back', () => {
  it('is told until something is confirmed, a later upgrade as well as a configuration', () => {
    const seen = (more: string): string =>
      root.run(`${joinScripts(['observe'])}
make_os armed; os_put() { mkdir -p "$STATE/$1"; printf 'format\\0001\\000kind\\000os\\000id\\000%s\\000entries\\0' "$1" >"$STATE/$1/manifest"; }
        put() { printf '%s ' "\${@:1:4}"; }; rm -r "$OPEN"; os_put generations/1; os_put reverted/2; ${more}; observe_reverted`);
    expect(seen(':')).toBe('reverted 2 reverted/2 os ');
    expect(seen('os_put generations/3')).toBe('');
    expect(seen('os_put generations/3; os_put reverted/4')).toBe('reverted 4 reverted/4 os ');
  });
});
