#!/bin/bash
# Checks the models with spin: the right ones hold, exhaustively; with any rule taken away, a counterexample is found;
# and the good ends can be reached at all. Needs spin and gcc (Debian: apt-get install spin gcc). Two minutes of processor time, 1 GB.
# Ends 0, 1, or 77 when spin or gcc is missing.
#
# check.sh MODEL SWITCH… prints the shortest counterexample of one run instead: check.sh slot NO_LOCK
set -u
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export here work

for program in spin gcc; do
  command -v "$program" >/dev/null || { echo "skipped: $program is missing: apt-get install $program"; exit 77; }
done

# build FOLDER MODEL SWITCH…
build() {
  local folder=$1 model=$2 switch
  local -a defines=()
  for switch in "${@:3}"; do defines+=("-D$switch"); done
  mkdir -p "$folder" && cd "$folder" && cp "$here/$model.pml" . || return 1
  if ! spin -a "${defines[@]}" "$model.pml" >spin.log 2>&1 || [[ ! -s pan.c ]]; then tail -3 spin.log && return 1; fi
  # COLLAPSE: less memory for states. SAFETY: assertions only; that everything ends is asserted at rest (timeout).
  if ! gcc -w -O2 -DSAFETY -DCOLLAPSE -DMEMLIM=4000 -o pan pan.c 2>gcc.log; then tail -3 gcc.log && return 1; fi
}

# try holds|fails MODEL SWITCH…: one line; the exit code says whether it came out so.
try() {
  local want=$1 folder errors states
  shift
  folder=$work/$(tr -c 'A-Za-z0-9_\n' '-' <<<"$*")
  build "$folder" "$@" >"$work/build.$$" 2>&1 || { echo "FAIL $want: $* ($(<"$work/build.$$"))"; return 1; }
  # -E: that processes end in a loop is no error here.
  ./pan -m500000 -w23 -E >pan.log 2>&1
  errors=$(sed -n 's/.*errors: \([0-9]*\).*/\1/p' pan.log)
  states=$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' pan.log)
  case $want in
    holds) [[ $errors == 0 ]] && ! grep -qE 'Search not completed|max search depth too small|out of memory' pan.log ;;
    fails) [[ $errors != 0 ]] && grep -q 'assertion violated' pan.log ;;
  esac || { echo "FAIL, should be: $want $* ($states states, $errors errors)"; return 1; }
  printf '%-5s  %-48s %10s states\n' "$want" "$*" "$states"
}
export -f try build

if (($#)); then
  build "$work/one" "$@" || exit 1
  ./pan -m500000 -E -i >pan.log 2>&1
  spin -t -p -g -r "$1.pml" | grep -v '^spin:' | tail -120
  exit
fi

xargs -P "${JOBS:-2}" -I{} bash -c 'try {}' >"$work/out" <<'LIST'
holds slot CONTROLLERS=2 CUTS=1 KILLS=0
holds slot CONTROLLERS=2 CUTS=0 KILLS=1
holds slot CUTS=2 KILLS=2
holds pair CUTS=1
holds pair BREAKS=1 HEALS=1
holds upgrade
holds upgrade ROLLBACK
holds upgrade KILLS=1 CUTS=0
holds upgrade ROLLBACK KILLS=1 CUTS=0
holds upgrade KILLS=1 REBOOTS=0 ZINCATI=0
holds upgrade CUTS=2 REBOOTS=0 ZINCATI=0
fails slot REACH_CONFIRMED
fails slot REACH_REVERTED
fails slot REACH_CONFIRMED_UNHEARD
fails slot NO_LOCK
fails slot NO_ARM_SYNC
fails slot NO_SAVE_SYNC
fails slot NO_DATA_SYNC
fails slot NO_SWAP_SYNC
fails slot NO_CONFIRM_SYNC
fails slot ONE_SHOT_GUARD
fails slot NO_BOOT_GUARD
fails slot NO_REVERTING
fails slot SKIP_WHEN_OLD
fails slot COPY_BACK
fails slot NO_REVERT_SYNC
fails slot TRUST_SENDING
fails slot TRUST_THE_GUARD
fails slot NO_STATUS_SYNC
fails slot NO_KILL
fails slot LATE_BOOT_GUARD
fails slot BLIND_WAIT CONTROLLERS=2 CUTS=0 KILLS=0
fails slot NO_FENCE CONTROLLERS=2 CUTS=0 KILLS=0
fails slot CONFIRM_ANY CONTROLLERS=2 CUTS=0 KILLS=0
fails slot COUNTED_TOKENS CONTROLLERS=2 CUTS=1 KILLS=0
fails pair REACH_BOTH_CONFIRMED BREAKS=1
fails pair REACH_REVERTED
fails pair NO_FENCE
fails pair OPEN_SLOT_IGNORED
fails pair OWN_LEASE_ONLY
fails pair NO_REPROOF BREAKS=1 HEALS=1
fails pair NO_RECHECK BREAKS=1 HEALS=1
fails upgrade REACH_CONFIRMED CUTS=0 REBOOTS=0 ZINCATI=0
fails upgrade REACH_REVERTED
fails upgrade REACH_BY_HAND CUTS=0 REBOOTS=0 ZINCATI=0
fails upgrade STAGE_UNLOCKED
fails upgrade SLOT_AFTER_STAGING
fails upgrade BLIND_ROLLBACK
fails upgrade STOP_ZINCATI_ONLY
fails upgrade NO_SECOND_BOOT
fails upgrade END_BEFORE_CLEANUP KILLS=1 CUTS=0
fails upgrade NO_RECONCILE
LIST
code=$?
sort "$work/out"
if ((code)) || grep -q '^FAIL' "$work/out"; then
  echo "Not all came out as they should."
  exit 1
fi
echo "All $(wc -l <"$work/out") came out as they should."
