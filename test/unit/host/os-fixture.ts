/** A scripted ostree, rpm-ostree and systemctl for the helper's OS verbs, on any machine: their state is a few files in a private root. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type HostStep, parseStep } from '../../../src/host/steps.ts';
import { PrivateRoot } from './private-root.ts';

const hex = (letter: string): string => letter.repeat(64);
/** Deployments: O older than A; A the old one; B the target; C anything else. */
export const [O, A, B, C] = ['0', 'a', 'b', 'c'].map((letter) => `${hex(letter)}.0`) as [
  string,
  string,
  string,
  string,
];

/** A line of $FAKE/deployments: NAME [staged] [locked] [pinned]; the first is what boots next. */
const COMMON = `
shopt -s nullglob
mapfile -t LINES <"$FAKE/deployments"
save() { printf '%s\\n' "\${LINES[@]}" >"$FAKE/deployments"; }
log() { printf '%s\\n' "$*" >>"$FAKE/log"; }
word() { [[ " \${LINES[$1]} " == *" $2 "* ]]; }
drop() { LINES=("\${LINES[@]:0:$1}" "\${LINES[@]:$1+1}"); }
`;

/** ostree(1) as far as it is used; set-default drops what is staged, without a word. */
const OSTREE = `
flag() { if word "$1" "$2"; then printf true; else printf false; fi; }
case $* in
  'admin status --json')
    printf '{\\n  "deployments" : [\\n'
    for i in "\${!LINES[@]}"; do
      name=\${LINES[i]%% *}
      ((i == 0)) || printf ',\\n'
      printf '    {\\n      "serial" : %s, "pinned" : %s,\\n      "checksum" : "%s",\\n' "\${name#*.}" "$(flag "$i" pinned)" "\${name%.*}"
      printf '      "refspec" : null, "index" : %s, "staged" : %s, "finalization-locked" : %s\\n    }' "$i" "$(flag "$i" staged)" "$(flag "$i" locked)"
    done
    printf '\\n  ]\\n}'
    ;;
  'admin set-default '*)
    log "$0 $*"
    [[ ! -e $FAKE/set-default-fails ]] || { echo 'error: no space' >&2; exit 1; }
    n=\${!#} line=\${LINES[n]}
    drop "$n"
    if ((n > 0)) && word 0 staged; then drop 0; fi
    LINES=("$line" "\${LINES[@]}")
    save
    ;;
  'admin pin -u '*) LINES[\${!#}]=\${LINES[\${!#}]// pinned/} && save ;;
  'admin pin '*) LINES[\${!#}]+=' pinned' && save ;;
  *) echo "ostree $*?" >&2; exit 9 ;;
esac
`;

/** rpm-ostree: cleanup -p removes the first entry, staged or not, unless it is the booted one (the trap); a busy daemon refuses. */
const RPM_OSTREE = `
busy() { [[ ! -e $FAKE/transaction ]] || { echo 'error: Transaction in progress: deploy X' >&2; exit 1; }; }
case $* in
  'status --json')
    transaction=null
    [[ ! -e $FAKE/transaction ]] || transaction='["Deploy",":1.34","/org"]'
    printf '{"deployments" : [ { "base-commit-meta" : { "x" : "{\\\\"transaction\\\\" : null}" } } ], "transaction" : %s, "cached-update" : null}' "$transaction"
    ;;
  'cleanup -p')
    log "$*"
    busy
    [[ \${LINES[0]%% *} == "$(<"$FAKE/booted")" ]] || { drop 0 && save; }
    ;;
  cancel) log "$*"; [[ -e $FAKE/cancel-fails ]] || rm -f "$FAKE/transaction" ;;
  deploy*)
    log "$*"
    busy
    [[ ! -e $FAKE/deploy-fails ]] || { echo 'error: Version X not found' >&2; exit 1; }
    echo 'Staging deployment...done'
    [[ ! -e $FAKE/deploys-nothing ]] || exit 77
    ! word 0 staged || drop 0
    LINES=("$(<"$FAKE/deploys")" "\${LINES[@]}")
    save
    ;;
  finalize-deployment*) log "$*"; LINES[0]=\${LINES[0]// locked/} && save ;;
  *) echo "rpm-ostree $*?" >&2; exit 9 ;;
esac
`;

/** systemctl: units' properties stand in $FAKE/units/NAME; Zincati's ActiveState is changed by start and stop. */
const SYSTEMCTL = `
case " $* " in
  *' is-system-running '*) cat "$FAKE/running" ;;
  *' reboot.target '*) log reboot; [[ ! -e $FAKE/reboot-fails ]] && echo stopping >"$FAKE/running" ;;
  *' stop -- zincati.service '*) log stop zincati; sed -i 's/ActiveState=.*/ActiveState=inactive/' "$FAKE/units/zincati.service" ;;
  *' start '*'zincati.service '*) log start zincati; sed -i 's/ActiveState=.*/ActiveState=active/' "$FAKE/units/zincati.service" ;;
  *' show '*)
    for unit in "$@"; do [[ $unit != *.service ]] || { cat "$FAKE/units/$unit" 2>/dev/null || echo ActiveState=inactive; echo; }; done
    ;;
esac
`;

const BUSCTL = `cat "$FAKE/inhibitors" 2>/dev/null || echo 'a(ssssuu) 0'`;

/**
 * make_os STATE leaves a slot of an upgrade from A to B in that state, opened in boot boot-1, with the trial in boot-2; booted(NAME) and
 * boot(ID) say what runs now. `facts` prints what became of it.
 */
const SETUP = (folder: string): string => `
export FAKE=${folder}/fake PATH=${folder}/bin:$PATH
mkdir -p "$FAKE/units" "$STATE"/{generations,reverted,failed,objects,serials} "$RUN"
deployment() { REPLY=$(<"$FAKE/booted"); }
boot_id() { REPLY=$(<"$FAKE/boot"); }
unit() { printf '%s\\n' "\${@:2}" >"$FAKE/units/$1"; }
guard_awake() { :; }
ZINCATI_UNIT=$FAKE/units/zincati.service
make_os() {
  rm -rf "$STATE" "$FAKE"/{log,transaction,*-fails,deploys-nothing,inhibitors} "$RUN"/{deadline,back,trial,staging}.*
  mkdir -p "$STATE"/{generations,reverted,failed,objects,serials,prep.os1}
  declare -gA Q=([id]=os1 [token]=t [boot]=boot-1 [run]=run-1 [owner]=me [action]=\${2-upgrade} [from]=${A} [fromVersion]=44.1 [fromTarget]=sha256:${hex('e')} [toVersion]=44.2
    [target]=${hex('b')} [within]=100 [checkAfter]=30 [helper]=h [pinned]=0 [zincati]=active [to]=)
  [[ \${2-} != rollback ]] || Q[to]=${B}
  declare -gA UNIT_ACTIVE=([app.service]=active)
  declare -gA H=([from]=${A}) && OS_TO=
  (os_write_slot) && mv "$STATE/prep.os1" "$OPEN"
  printf '%s\\n' ${A} >"$FAKE/booted"; printf 'boot-1\\n' >"$FAKE/boot"; printf 'running\\n' >"$FAKE/running"
  unit zincati.service LoadState=loaded ActiveState=inactive UnitFileState=enabled DropInPaths=/etc/x/50-coreos-infra.conf
  OS_BOOTED=
  case $1 in armed) ;; *) printf '%s\\n' ${B} >"$OPEN/target"; printf 'boot-2\\n' >"$OPEN/trial";; esac
  [[ $1 == armed ]] || mv "$OPEN/state.$1" "$OPEN/state"
}
deployments() { printf '%s\\n' "$@" >"$FAKE/deployments"; }
now_booted() { printf '%s\\n' "$1" >"$FAKE/booted"; printf '%s\\n' "$2" >"$FAKE/boot"; OS_BOOTED=; rm -f "$RUN"/{back,trial,staging}.*; }
facts() {
  local state=gone log
  if slot_state; then state=$REPLY; elif [[ -d $STATE/reverted/1 ]]; then state=reverted; elif [[ -d $STATE/generations/1 ]]; then state=confirmed; fi
  log=$(grep -cx reboot "$FAKE/log" 2>/dev/null)
  local first; read -r first <"$FAKE/deployments"
  local denied=("$STATE"/deny/*)
  read -r REPLY 2>/dev/null <"$STATE/reverted/1/cause" || read -r REPLY 2>/dev/null <"$OPEN/cause" || REPLY=
  printf '%s default=%s reboots=%s denied=%s cause=%s\\n' "$state" "\${first:0:1}\${first:66}" "\${log:-0}" "\${#denied[@]}" "$REPLY"
}
`;

export class OsRoot {
  readonly #root = new PrivateRoot();
  readonly #setup: string;

  constructor() {
    const { folder } = this.#root;
    mkdirSync(join(folder, 'bin'));
    for (const [name, text] of Object.entries({
      ostree: COMMON + OSTREE,
      'rpm-ostree': COMMON + RPM_OSTREE,
      systemctl: COMMON + SYSTEMCTL,
      busctl: BUSCTL,
      journalctl: 'echo words of the unit',
    })) {
      writeFileSync(join(folder, 'bin', name), `#!/bin/bash\n${text}\n`);
      chmodSync(join(folder, 'bin', name), 0o755);
    }
    this.#setup = SETUP(folder);
  }

  run(script: string): string {
    return this.#root.run(`${this.#setup}\n${script}`);
  }

  /** Lines of the helper, parsed; others as they are. */
  steps(script: string): readonly (HostStep | string)[] {
    return this.run(script)
      .trimEnd()
      .split('\n')
      .map((line) => (line.startsWith('{') ? parseStep(line) : line));
  }

  remove(): void {
    this.#root.remove();
  }
}

/** Script: the lease is held by token `t`; `lease TOKEN` gives it to another. */
export const LEASE = `lease() { uptime_seconds; LEASE=("$1" me run-1 test "$((REPLY + 30))" "$REPLY" 30 0); write_lease; }; lease t`;

/** Kinds of the lines, errors by their code. */
export function kinds(steps: readonly (HostStep | string)[]): readonly string[] {
  return steps.map((step) =>
    typeof step === 'string' ? step : step.kind === 'error' ? step.error : step.kind === 'step' ? step.step : step.kind,
  );
}
