/** The deny list on a host, and Zincati, which would take a denied release that is newer than what is booted. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { A, B, C, kinds, LEASE, O, OsRoot } from './os-fixture.ts';

let root: OsRoot;
beforeEach(() => {
  root = new OsRoot();
});
afterEach(() => root.remove());

const commit = (name: string): string => name.slice(0, 64);

/** Version 44.1 is booted, no slot is open, Zincati runs; `held` says what came of it. */
const PEER = `${LEASE}; make_os armed; rm -r "$OPEN"; deployments ${A} ${O}
  booted_version() { REPLY=44.1; }
  unit zincati.service LoadState=loaded ActiveState=active UnitFileState=enabled ConditionResult=no ConditionTimestampMonotonic=7
  held() { echo "held=$(cat "$STATE/zincati-held" 2>/dev/null)" "$(grep -c "zincati-held" "$UNIT_FOLDER/zincati.service.d/50-coreos-infra.conf" 2>/dev/null)"; }`;
const deny = (target: string, version: string, checksum = "''"): string =>
  `(os_deny t ${checksum} ${target} ${version} checks 'ns2: no answer' run-7)`;

describe('a release that another host went back from', () => {
  it('is noted, and this host’s Zincati is stopped and cannot start', () => {
    const steps = root.steps(`${PEER}; ${deny(commit(B), '44.2')}; held; cat "$FAKE/log"`);
    expect(kinds(steps)).toEqual(['denied', 'held=44.2 1', 'stop zincati', 'start zincati']);
  });

  it('is dropped when Zincati has staged it already, and only then', () => {
    const own = `${PEER}; deployments '${B} staged locked' ${A} ${O}; ${deny(commit(B), '44.2')}; cat "$FAKE/log" "$FAKE/deployments"`;
    expect(kinds(root.steps(own))).toEqual(['denied', 'stop zincati', 'start zincati', 'cleanup -p', A, O]);
    const theirs = `${PEER}; deployments '${C} staged' ${A} ${O}; ${deny(commit(B), '44.2')}; cat "$FAKE/log"`;
    expect(kinds(root.steps(theirs)), 'a person’s').toEqual(['denied', 'stop zincati', 'start zincati']);
    const idle = `${PEER}; unit zincati.service LoadState=loaded ActiveState=inactive
      deployments '${C} staged locked' ${A}; ${deny(commit(B), '44.2')}; held; cat "$FAKE/log" 2>/dev/null`;
    expect(kinds(root.steps(idle)), 'nobody’s Zincati').toEqual(['denied', 'held=44.2 1']);
  });

  it('does not matter to Zincati when it is older, or booted', () => {
    for (const version of ['44.0', '44.1'])
      expect(
        kinds(root.steps(`${PEER}; ${deny(commit(B), version)}; held; cat "$FAKE/log" 2>/dev/null`)),
        version,
      ).toEqual(['denied', 'held=']);
    // By number, not by letter; what nobody knows counts as newer.
    for (const version of ['44.10', "''"])
      expect(root.run(`${PEER}; booted_version() { REPLY=44.9; }; ${deny(commit(B), version)}; held`)).toMatch(
        new RegExp(`held=(44.10|${commit(B)}) 1\n`),
      );
  });

  it('holds Zincati until it is forgiven', () => {
    const script = `${PEER}; ${deny(commit(B), '44.2')}; ${deny(`sha256:${'d'.repeat(64)}`, '44.3')}; held
      : >"$FAKE/log"; (os_undeny t 44.2); held; unit zincati.service LoadState=loaded ActiveState=inactive UnitFileState=enabled ConditionResult=no ConditionTimestampMonotonic=7
      ZINCATI_UNIT=$FAKE/log; (os_undeny t sha256:${'d'.repeat(64)}); held; cat "$FAKE/log"`;
    expect(kinds(root.steps(script))).toEqual([
      'denied',
      'denied',
      'held=44.2 44.3 1',
      'undenied',
      'held=44.3 1',
      'undenied',
      'held= 1',
      'start zincati',
    ]);
  });

  it('holds Zincati until an upgrade has passed it', () => {
    const script = `${LEASE}; make_os applied; deployments ${B} '${A} pinned'; now_booted ${B} boot-2
      booted_version() { REPLY=$NOW; }; NOW=44.2; deny '' ${commit(C)} 44.3 checks y run; hold_denied; cat "$STATE/zincati-held"
      (confirm os1 boot-2); cat "$STATE/zincati-held"; NOW=44.3; boot_guard; ls "$STATE/zincati-held" 2>/dev/null`;
    expect(kinds(root.steps(script))).toEqual(['44.3', 'confirm', 'confirmed', '44.3']);
  });

  it('holds Zincati by a drop-in that knows of it, in every /etc and only where there is Zincati', () => {
    const older = `${PEER}; (os_deny t '' ${commit(B)} 44.2 checks y r) >/dev/null; file=$UNIT_FOLDER/zincati.service.d/50-coreos-infra.conf
      printf '[Unit]\\nConditionPathExists=!/var/lib/coreos-infra/open\\n' >"$file"; boot_guard; held; touch -d @1 "$file"; boot_guard; stat -c %Y "$file"`;
    expect(kinds(root.steps(older))).toEqual(['held=44.2 1', '1']);
    const none = `${PEER}; rm -r "$UNIT_FOLDER"; ZINCATI_UNIT=$FAKE/no; unit zincati.service LoadState=not-found; ${deny(commit(B), '44.2')}; ls "$UNIT_FOLDER" 2>/dev/null`;
    expect(kinds(root.steps(none))).toEqual(['denied']);
  });
});

describe('a host that went back itself', () => {
  const OPEN = `${LEASE}; make_os reverting; printf checks >"$OPEN/cause"; unit zincati.service LoadState=loaded ActiveState=inactive UnitFileState=enabled
    booted_version() { REPLY=44.1; }; held() { [[ ! -e $STATE/open ]] || echo open; echo "held=$(cat "$ZINCATI_HELD" 2>/dev/null)"; }`;

  it('keeps Zincati from what it left, whatever a person deletes, until it has passed it', () => {
    const script = `${OPEN}; now_booted ${A} boot-3; deployments ${A} '${B} pinned'; read_os_slot; os_settle; held
      deployments ${A} ${O}; boot_guard; held
      booted_version() { REPLY=44.2; }; boot_guard; held`;
    expect(kinds(root.steps(script))).toEqual(['reverted', 'held=44.2', 'held=44.2', 'held=']);
  });

  it('is held before its slot goes, which holds it until then', () => {
    const script = `${OPEN}; now_booted ${A} boot-3; deployments ${A} ${B}; read_os_slot; unpin() { :; }
      mv() { [[ $* != *"$STATE/reverted/"* ]] || held >"$FAKE/seen"; command mv "\${@//--no-copy/-f}"; }; os_settle; cat "$FAKE/seen"`;
    expect(kinds(root.steps(script))).toEqual(['reverted', 'open', 'held=44.2']);
  });

  it('is not held when nothing speaks against the release', () => {
    const script = `${OPEN}; printf deadline >"$OPEN/cause"; now_booted ${A} boot-3; deployments ${A} ${B}; read_os_slot; os_settle; held`;
    expect(kinds(root.steps(script))).toEqual(['reverted', 'held=']);
  });
});

describe('a rollback', () => {
  const trial = `${LEASE}; make_os applied rollback; deployments ${B} '${A} pinned'; now_booted ${B} boot-2
    booted_version() { REPLY=44.2; }`;

  it('that is confirmed denies what was left, as a person’s word, also when its first answer was lost', () => {
    const entry = `tr '\\0' '|' <"$STATE/deny/${commit(A)}" | cut -d '|' -f 1-6`;
    expect(kinds(root.steps(`${trial}; (confirm os1 boot-2); ${entry}`))).toEqual([
      'confirm',
      'confirmed',
      `${commit(A)}|sha256:${'e'.repeat(64)}|44.1|person|me went back by hand|run-1`,
    ]);
    const cut = `${trial}; become confirmed; (confirm os1 boot-2); ls "$STATE/deny"`;
    expect(kinds(root.steps(cut))).toEqual(['confirm', 'confirmed', commit(A)]);
    const killed = `${trial}; become confirmed; read_os_slot; end_final_slot; ls "$STATE/deny"; cat "$ZINCATI_HELD" 2>/dev/null`;
    expect(kinds(root.steps(killed)), 'put away by somebody else').toEqual([commit(A)]);
  });

  it('that is not confirmed denies nothing', () => {
    const script = `${trial}; (revert_request os1 abort 'no answer'); BOOTING=1; now_booted ${A} boot-3; read_os_slot; (os_settle); ls "$STATE/deny" 2>/dev/null`;
    expect(kinds(root.steps(script))).toEqual(['go-back', 'going-back', 'reverted']);
  });
});
