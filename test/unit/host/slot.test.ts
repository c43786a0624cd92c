import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type HostStep, parseStep } from '../../../src/host/steps.ts';
import { PrivateRoot } from './private-root.ts';

/**
 * A slot over one file in a private root: `new` stands there, `old` is saved. Nothing is installed, so units are left out.
 * make_slot STATE leaves it in that state.
 */
const SLOT = `
control() { WORDS=(); }
systemctl() { :; }
ask_units() { :; }
boot_id && BOOT=$REPLY
make_slot() {
  local word
  rm -rf "$STATE" "$ETC_STAGE" "$RUN"/deadline.*
  mkdir -p "$STATE"/{generations,reverted,failed,objects,serials} "$OPEN" "$ETC_STAGE/old/0" "\${ETC_STAGE%/*/*}/demo" "$RUN"
  local folder=\${ETC_STAGE%/*/*}/demo
  rm -f "$folder/f"; printf old >"$ETC_STAGE/old/0/f"; chmod 644 "$ETC_STAGE/old/0/f"; printf new >"$folder/f"
  for word in applied confirmed reverting reverting2 reverted failed; do printf '%s\\n' $word >"$OPEN/state.$word"; done
  printf '%s\\n' "$1" >"$OPEN/state"; rm -f "$OPEN/state.$1"
  local sha; read -r sha _ < <(printf old | sha256sum)
  deployment
  printf '%s\\0' format 1 kind config id slot1 run run-1 owner me boot "$BOOT" within 1 generation 1 entries \\
    folder 0 "$folder" file 0 f ffff 644 root root "$sha" 644 root root reload 0 at "$REPLY" root 0 "$ETC_STAGE" >"$OPEN/manifest"
  printf 'managed' >"$OPEN/managed"
  : >"$ETC_STAGE/marker.was"; printf 'open:slot1\\n' >"$MARKER"
}
content() { printf '%s\\n' "$(<"\${ETC_STAGE%/*/*}/demo/f")"; }
`;

let root: PrivateRoot;
beforeEach(() => {
  root = new PrivateRoot();
});
afterEach(() => root.remove());

const verb = (script: string): HostStep[] =>
  root
    .run(`${SLOT}\n${script}`)
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
      `${SLOT}\nmake_slot applied; : >"$OPEN/state"; slot_state; echo "$REPLY"; rm "$OPEN/state"; slot_state; echo "$REPLY"; (revert why) >/dev/null; content; ls "$STATE/reverted"`,
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
          `${SLOT}\nmake_slot applied; ${before}; (revert why) >/dev/null; content; ls "$STATE/reverted"; ls -A "$ETC_STAGE" 2>/dev/null`,
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
    const script = `for n in {1..25}; do
      make_slot applied
      (confirm slot1 "$BOOT" >"$RUN/answer") & (kill_apply() { :; }; end_unconfirmed slot1 >/dev/null) & wait
      end_final_slot
      printf '%s %s %s\\n' "$(content)" "$(ls "$STATE/generations")" "$(grep -c '"confirmed"' "$RUN/answer")"
    done`;
    const outcomes = root.run(`${SLOT}\n${script}`).trimEnd().split('\n');
    expect(outcomes).toHaveLength(25);
    // Content, confirmed generation, answers `confirmed`: wholly new and said so, or wholly old and refused.
    for (const outcome of outcomes) expect(['new 1 1', 'old  0']).toContain(outcome);
  });
});
