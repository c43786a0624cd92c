import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { A, B, C, kinds, LEASE, O, OsRoot } from './os-fixture.ts';

let root: OsRoot;
beforeEach(() => {
  root = new OsRoot();
});
afterEach(() => root.remove());

const STAGE = `os_stage os1 t boot-1 revision=${B.slice(0, 64)} 0`;

describe('opening the slot', () => {
  const open = (dropStaged = '', extra = ''): string =>
    `(os_open id os1 token t boot boot-1 run run-1 owner me action upgrade from ${A} fromVersion 44.1 to '' toVersion 44.2 target ${B.slice(0, 64)} \
      within 100 checkAfter 30 helper h dropStaged '${dropStaged}' ${extra} -- app.service down.service)`;
  const before = `${LEASE}
    make_os armed; rm -r "$OPEN"; deployments ${A} ${O}; unit app.service ActiveState=active; make_reserve() { :; }
    LIBEXEC=$FAKE/libexec; mkdir -p "$LIBEXEC/h"; : >"$LIBEXEC/h/helper"
    unit zincati.service LoadState=loaded ActiveState=active DropInPaths=/etc/50-coreos-infra.conf
    UNIT_FILES=$FAKE/etc; mkdir -p "$UNIT_FILES"; : >"$UNIT_FILES/coreos-infra-boot.service"; UNIT_FOLDER=$UNIT_FILES`;

  it('holds Zincati, pins what is booted, and watches the units that run', () => {
    const steps = root.steps(
      `${before}\n${open()}; facts; cat "$FAKE/log"; read_os_slot; echo "\${W_UNIT[*]} \${H[zincati]}"`,
    );
    expect(kinds(steps)).toEqual([
      'check',
      'arm',
      'hold',
      'pin',
      'opened',
      'armed default=a pinned reboots=0 denied=0 cause=',
      'stop zincati',
      'app.service active',
    ]);
  });

  it('lets go of what keeps the host from rebooting only when Zincati is held', () => {
    const kept = `LEASE[7]=kept.service; write_lease; inhibit() { echo "inhibit $1" >>"$FAKE/log"; LEASE[7]=$1; }`;
    expect(
      kinds(root.steps(`${before}\n${kept}; ${open()}; cat "$FAKE/log"; read_lease; echo "\${LEASE[7]}"`)),
    ).toEqual(['check', 'arm', 'hold', 'pin', 'opened', 'stop zincati', 'inhibit 0', '0']);
  });

  it('ends again, and gives Zincati back, when something is staged that is not ours', () => {
    const staged = `deployments '${C} staged locked' ${A}`;
    expect(kinds(root.steps(`${before}\n${staged}; ${open()}; facts; cat "$FAKE/log"`)).slice(3)).toEqual([
      'staged',
      'os-end',
      'reverted',
      'reverted default=a reboots=0 denied=0 cause=abort',
      'stop zincati',
      'cleanup -p',
      'start zincati',
    ]);
    expect(
      kinds(root.steps(`${before}\n${staged}; ${open(C.slice(0, 64))}; facts`)).slice(3),
      'Zincati’s own, by name',
    ).toEqual(['pin', 'opened', 'armed default=a pinned reboots=0 denied=0 cause=']);
  });

  it('is refused, untouched, with another boot, lease, default, deployment, or without the helper', () => {
    for (const [change, code] of [
      ['printf "boot-9\\n" >"$FAKE/boot"', 'booted'],
      ['lease other', 'locked'],
      [`deployments ${B} ${A}`, 'default'],
      [`printf '%s\\n' ${B} >"$FAKE/booted"`, 'booted'],
      ['rm -r "$LIBEXEC/h"', 'helper'],
      ['make_os applied', 'locked'],
    ] as const)
      expect(kinds(root.steps(`${before}\n${change}; ${open()}; ls "$FAKE/log" 2>/dev/null`)), change).toEqual([
        'check',
        code,
      ]);
  });

  it('B3: is refused when nothing would hold Zincati, and waits for no foreign transaction', () => {
    const bare = 'unit zincati.service LoadState=loaded ActiveState=active DropInPaths=';
    expect(kinds(root.steps(`${before}\n${bare}; ${open()}; facts`)).slice(3)).toEqual([
      'zincati',
      'os-end',
      'reverted',
      'reverted default=a reboots=0 denied=0 cause=abort',
    ]);
    const busy = ': >"$FAKE/transaction"; sleep() { :; }';
    expect(kinds(root.steps(`${before}\n${busy}; ${open()}; cat "$FAKE/log"`)).slice(3, 4)).toEqual(['transaction']);
  });
});

describe('staging', () => {
  const before = `${LEASE}; make_os armed; deployments '${A} pinned' ${O}; printf '%s\\n' '${B} staged locked' >"$FAKE/deploys"`;

  it('hands on rpm-ostree’s words, and says what is staged once it is seen to be locked', () => {
    const steps = root.steps(`${before}; (${STAGE}); cat "$OPEN/target"; cat "$FAKE/log"; ls "$RUN"`);
    expect(kinds(steps)).toEqual([
      'stage',
      'progress',
      'staged-check',
      'staged',
      B,
      `deploy --bypass-driver --unchanged-exit-77 --lock-finalization --disallow-downgrade revision=${B.slice(0, 64)}`,
      'lease',
      'lock',
    ]);
    expect(steps[3]).toMatchObject({ to: B, version: '44.2' });
  });

  it('B1: believes no exit code: nothing staged, unlocked, or what is booted is refused', () => {
    for (const [change, code] of [
      [': >"$FAKE/deploys-nothing"', 'staged'],
      [`printf '%s\\n' '${B} staged' >"$FAKE/deploys"`, 'staged'],
      [': >"$FAKE/deploy-fails"', 'stage-failed'],
      ['lease other', 'locked'],
      ['printf "boot-2\\n" >"$FAKE/boot"', 'booted'],
      ['mv "$OPEN/state.applied" "$OPEN/state"', 'not-applied'],
      ['rm -r "$OPEN"', 'no-slot'],
      ['unit zincati.service LoadState=loaded ActiveState=active', 'zincati'],
    ] as const)
      expect(kinds(root.steps(`${before}; ${change}; (${STAGE})`)).at(-1), change).toBe(code);
  });

  it('leaves the lock free while it takes its time', () => {
    const watch = 'say() { flock -n "$RUN/lock" echo free; }';
    expect(root.run(`${before}; ${watch}; (${STAGE})`).split('\n')[1]).toBe('free');
  });
});

describe('the point of no return', () => {
  const before = `${LEASE}; make_os armed; printf '%s\\n' ${B} >"$OPEN/target"; deployments '${B} staged locked' '${A} pinned' ${O}`;

  it('unlocks and reboots at go, and only then', () => {
    const steps = root.steps(`${before}; echo go | (os_go os1 t boot-1); facts; cat "$FAKE/log"`);
    expect(kinds(steps)).toEqual([
      'ready',
      'rebooting',
      'armed default=b staged reboots=1 denied=0 cause=',
      `finalize-deployment ${B.slice(0, 64)}`,
      'reboot',
    ]);
    expect(kinds(root.steps(`${before}; (os_go os1 t boot-1 </dev/null); facts`))).toEqual([
      'ready',
      'no-go',
      'armed default=b staged locked reboots=0 denied=0 cause=',
    ]);
  });

  it('is told whether the word to reboot was heard, also afterwards', () => {
    const told = (script: string): unknown => root.steps(`${before}; ${script}; status os1`).at(-1);
    expect(told('(os_go os1 t boot-1 </dev/null) >/dev/null')).toMatchObject({
      state: 'armed',
      os: { isTold: false },
    });
    expect(told('echo go | (os_go os1 t boot-1) >/dev/null')).toMatchObject({ state: 'armed', os: { isTold: true } });
    // Heard, and then refused: it was told.
    expect(
      told(`wait_for_go() { lease other; }; (os_go os1 t boot-1) >/dev/null; lease t; (revert_request os1 abort x)`),
    ).toMatchObject({ state: 'reverted', os: { isTold: true } });
    expect(told('(revert_request os1 abort x); ls "$STATE/reverted/1/not-told" 2>/dev/null')).toMatchObject({
      state: 'reverted',
      os: { isTold: false },
    });
  });

  it('asks everything again at go: staged, locked, Zincati, transaction, inhibitors, lease, boot', () => {
    for (const [change, code] of [
      [`deployments '${C} staged locked' '${A} pinned'`, 'staged'],
      [`deployments '${B} staged' '${A} pinned'`, 'staged'],
      [`deployments '${A} pinned'`, 'staged'],
      [`deployments '${B} staged locked' ${O}`, 'not-on-disk'],
      [': >"$FAKE/transaction"', 'transaction'],
      [
        `echo 'a(ssssuu) 2 "sleep" "x" "y" "block" 0 1 "shutdown:idle" "a \\"b\\"" "backup" "block" 0 77' >"$FAKE/inhibitors"`,
        'inhibited',
      ],
      ['lease other', 'locked'],
      ['printf "boot-2\\n" >"$FAKE/boot"', 'booted'],
      ['unit zincati.service LoadState=loaded ActiveState=activating', 'zincati'],
    ] as const) {
      const script = `${before}; { sleep 0.5; ${change}; echo go; } | (os_go os1 t boot-1); grep -c -e reboot -e finalize "$FAKE/log"`;
      const late = `${before}; wait_for_go() { say ready; ${change}; }; (os_go os1 t boot-1); grep -c -e reboot -e finalize "$FAKE/log" 2>/dev/null`;
      expect(kinds(root.steps(late)).slice(0, 2), script).toEqual(['ready', code]);
    }
  });

  it('makes the target of a rollback the default, with nothing staged', () => {
    const rollback = `${LEASE}; make_os armed rollback; deployments '${A} pinned' ${B}`;
    expect(kinds(root.steps(`${rollback}; echo go | (os_go os1 t boot-1); facts`))).toEqual([
      'ready',
      'rebooting',
      'armed default=b reboots=1 denied=0 cause=',
    ]);
    const staged = `${rollback}; deployments '${C} staged' '${A} pinned' ${B}`;
    expect(kinds(root.steps(`${staged}; (os_go os1 t boot-1 </dev/null)`))).toEqual(['staged']);
  });

  it('reboots without a slot only into the same OS', () => {
    const plain = `${LEASE}; make_os armed; rm -r "$OPEN"; : >/dev/null; deployments ${A} ${B}`;
    expect(kinds(root.steps(`${plain}; echo go | (os_reboot t boot-1); cat "$FAKE/log"`))).toEqual([
      'ready',
      'rebooting',
      'reboot',
    ]);
    for (const [change, code] of [
      ['make_os applied', 'locked'],
      ['lease other', 'locked'],
      ['printf "boot-2\\n" >"$FAKE/boot"', 'booted'],
      [`echo 'a(ssssuu) 1 "shutdown" "x" "y" "block" 0 1' >"$FAKE/inhibitors"`, 'inhibited'],
    ] as const)
      expect(kinds(root.steps(`${plain}; ${change}; (os_reboot t boot-1 </dev/null)`)), change).toEqual([code]);
  });
});
