import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type HostStep, parseStep } from '../../../src/host/steps.ts';
import { PrivateRoot } from './private-root.ts';
import { RACE_ENDS, raceScript, SCRATCH_SLOT } from './scratch-slot.ts';

let root: PrivateRoot;
beforeEach(() => {
  root = new PrivateRoot();
});
afterEach(() => root.remove());

const verb = (script: string): HostStep[] =>
  root
    .run(`${SCRATCH_SLOT}\n${script}`)
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map(parseStep);

describe('a slot', () => {
  it('is confirmed from applied and from nothing else', () => {
    const answers = Object.fromEntries(
      ['armed', 'applied', 'confirmed', 'reverting', 'reverted', 'failed'].map((state) => {
        const last = verb(`make_slot ${state}; (confirm slot1 "$BOOT")`).at(-1);
        return [state, last?.kind === 'error' ? last.error : last?.kind];
      }),
    );
    expect(answers).toEqual({
      armed: 'not-applied',
      applied: 'confirmed',
      confirmed: 'confirmed',
      reverting: 'not-applied',
      reverted: 'not-applied',
      failed: 'not-applied',
    });
  });

  it('counts as applied when its state cannot be read, and is reverted then', () => {
    const output = root.run(
      `${SCRATCH_SLOT}\nmake_slot applied; : >"$OPEN/state"; slot_state; echo "$REPLY"; rm "$OPEN/state"; slot_state; echo "$REPLY"; (revert why) >/dev/null; content; ls "$STATE/reverted"`,
    );
    expect(output).toBe('applied\napplied\nold\n1\n');
  });

  it('is put back wholly, again after it was put back half, and by names of one file', () => {
    const half =
      'mv "$ETC_STAGE/old/0/f" "${ETC_STAGE%/*/*}/demo/f"; printf "reverting\\n" >"$OPEN/state"; rm -f "$OPEN/state.reverting"';
    const untouched = 'ln -f "$ETC_STAGE/old/0/f" "${ETC_STAGE%/*/*}/demo/f"';
    for (const before of [':', half, untouched]) {
      expect(
        root.run(
          `${SCRATCH_SLOT}\nmake_slot applied; ${before}; (revert why) >/dev/null; content; ls "$STATE/reverted"; ls -A "$ETC_STAGE" 2>/dev/null`,
        ),
        before,
      ).toBe('old\n1\n');
    }
  });

  it('stays open, reverting, when the old file is lost: nobody says reverted then', () => {
    const steps = verb(
      'make_slot applied; rm "$ETC_STAGE/old/0/f"; (revert why); slot_state; say status id slot1 state "$REPLY"',
    );
    expect(steps.map((step) => (step.kind === 'error' ? step.error : step.kind))).toEqual([
      'step',
      'revert-failed',
      'status',
    ]);
    expect(steps.at(-1)).toMatchObject({ state: 'reverting' });
  });

  it('says how it ended from the archives, for ever the same', () => {
    const script =
      'make_slot applied; (confirm slot1 "$BOOT") >/dev/null; status slot1; (confirm slot1 "$BOOT"); status other; (revert_request slot1)';
    expect(verb(script)).toEqual([
      { kind: 'status', id: 'slot1', state: 'confirmed', generation: 1, reason: '' },
      expect.objectContaining({ step: 'confirm' }),
      { kind: 'confirmed', id: 'slot1', generation: 1 },
      { kind: 'status', id: 'other', state: 'none', generation: 0, reason: '' },
      { kind: 'status', id: 'slot1', state: 'confirmed', generation: 1, reason: '' },
    ]);
  });

  it('ends one way only when confirm and guard come at the same instant', () => {
    const outcomes = root
      .run(`${SCRATCH_SLOT}\n${raceScript(25)}`)
      .trimEnd()
      .split('\n');
    expect(outcomes).toHaveLength(25);
    for (const outcome of outcomes) expect(Object.keys(RACE_ENDS)).toContain(outcome);
  }, 60_000);
});

describe('a lease', () => {
  it('that is held is never taken anew when it was lost meanwhile', () => {
    const acquire = (token: string, isHeld: 0 | 1): string =>
      `(inhibit() { :; }; acquire ${token} me@desk run-1 'a test' 30 0 ${isHeld})`;
    const script = [
      acquire('one', 0),
      acquire('one', 1),
      '(release one)',
      acquire('one', 1),
      acquire('two', 0),
      acquire('one', 1),
    ];
    expect(verb(script.join('\n')).map((step) => (step.kind === 'error' ? step.error : step.kind))).toEqual([
      'lease',
      'lease',
      'released',
      'locked',
      'lease',
      'locked',
    ]);
  });
});
