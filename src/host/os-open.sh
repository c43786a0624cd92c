# Opening the slot of an OS upgrade: the record, the guard awake, Zincati held, nothing else at work, the way back pinned.
# shellcheck shell=bash disable=SC2034,SC2154

# Zincati's own transaction may go on a moment after Zincati was stopped, s.
OS_IDLE_SECONDS=15

# os_open KEY VALUE… -- UNIT…: the keys of OsOpenRequest (os-verbs.ts).
os_open() {
  local -A Q=()
  STEP=check
  while (($#)) && [[ $1 != -- ]]; do
    Q[$1]=${2-}
    shift 2
  done
  shift
  make_folders
  take_lock
  os_check_open "$@"
  os_write_slot
  step arm
  os_arm
  ON_FAIL=os_undo_open
  step hold
  hold_zincati
  # Until here nobody could reboot this host; from here on the slot answers for whatever boots, and the reboot is ours.
  inhibit 0
  write_lease
  step pin
  pin "${H[from]}" || fail ostree "the booted deployment cannot be pinned" "${WORDS[@]}"
  ON_FAIL=
  say opened id "${H[id]}" generation "${H[generation]}" zincati "${H[zincati]}"
}

# os_check_open UNIT…: nothing is written before all of this is true.
os_check_open() {
  step check
  boot_id
  [[ ${Q[boot]} == "$REPLY" ]] || fail booted "the host was booted since it was looked at" "looked at in boot ${Q[boot]}" "present boot $REPLY"
  hold_lease "${Q[token]}"
  end_final_slot
  check_no_slot
  [[ -e $UNIT_FOLDER/coreos-infra-boot.service && -f $LIBEXEC/${Q[helper]}/helper ]] || fail helper "the helper ${Q[helper]} is not installed on this host"
  read_deployments || fail ostree "ostree does not say what is deployed" "${WORDS[@]}"
  declare -gA H=([from]=${Q[from]}) && OS_TO=${Q[to]}
  deployment
  [[ $REPLY == "${Q[from]}" ]] || fail booted "another deployment is booted than was looked at" "booted: ${REPLY:-none that ostree knows}" "looked at: ${Q[from]}"
  index_of "${Q[from]}" || fail not-on-disk "the booted deployment is not in ostree's list"
  Q[pinned]=0
  [[ ${DEP_PINNED[REPLY]} != true ]] || Q[pinned]=1
  check_default "${Q[from]}"
  [[ ${Q[action]} != rollback ]] || os_check_target
  ask_units zincati.service "$@"
  Q[zincati]=${UNIT_ACTIVE[zincati.service]-}
  make_reserve
}

# check_default NAME: what a reboot would boot, were nothing staged.
check_default() {
  local first=${DEP_NAME[0]}
  ! is_staged || first=${DEP_NAME[1]-}
  [[ $first == "$1" ]] || fail default "the next boot is not into the booted deployment, but ${first:-none}"
}

# os_check_target: a rollback's target has its own /etc, which must know the guard and hold Zincati: nothing merges into it.
os_check_target() {
  local root part
  index_of "${Q[to]}" || fail not-on-disk "the deployment ${Q[to]} is not on disk"
  root=(/sysroot/ostree/deploy/*/deploy/"${DEP_NAME[REPLY]}"/etc/systemd/system)
  for part in coreos-infra-guard.path coreos-infra-guard.service coreos-infra-boot.service zincati.service.d/50-coreos-infra.conf \
    multi-user.target.wants/coreos-infra-guard.path sysinit.target.wants/coreos-infra-boot.service; do
    [[ -e ${root[0]-}/$part || -L ${root[0]-}/$part ]] || fail no-guard "the deployment ${Q[to]} was made before there was a guard on this host: its /etc has no $part"
  done
}

# os_write_slot: the manifest and every word that the slot may come to, in prep, durable. Units that do not run are not watched.
os_write_slot() {
  local word
  next_generation
  H=([format]=1 [kind]=os [generation]=$REPLY)
  for word in id run owner token helper boot within checkAfter action from fromVersion fromTarget to toVersion target pinned zincati; do H[$word]=${Q[$word]-}; done
  PREP=$STATE/prep.${H[id]}
  rm -rf -- "$STATE"/prep.*
  mkdir -- "$PREP" 2>/dev/null || fail_write "$STATE"
  {
    # The format first: it is what tells a manifest from anything else.
    printf '%s\0' format 1
    for word in "${!H[@]}"; do [[ $word == format ]] || printf '%s\0' "$word" "${H[$word]}"; done
    printf '%s\0' entries
    for word in "${!UNIT_ACTIVE[@]}"; do
      [[ $word == zincati.service || ${UNIT_ACTIVE[$word]} != active ]] || printf 'watch\0%s\0' "$word"
    done
    printf 'at\0%s\0' "${H[from]}"
  } 2>/dev/null >"$PREP/manifest" || fail_write "$PREP"
  {
    printf 'armed\n' >"$PREP/state" && : >"$PREP/os" && : >"$PREP/not-told"
    for word in applied confirmed reverting reverting2 reverted failed; do printf '%s\n' "$word" >"$PREP/state.$word" || break; done
    for word in "${OS_CAUSES[@]}"; do printf '%s\n' "$word" >"$PREP/cause.$word" || break; done
  } 2>/dev/null
  [[ -s $PREP/state.failed && -s $PREP/cause.${OS_CAUSES[-1]} ]] || fail_write "$PREP"
  words_of sync -- "$PREP"/* "$PREP" || fail_write "$PREP"
}

# os_arm: B1: the slot is there before anything is staged: from now on the host answers for the end of this.
os_arm() {
  arm os_undo_open
  read_os_slot || fail record "the record of the slot cannot be read"
}

# os_undo_open: what failed after arming is ended on the spot; if that does not work, by the guard at the deadline.
os_undo_open() {
  if read_os_slot; then os_end_armed abort "the upgrade could not be begun" || :; fi
}

# hold_zincati: B3: it cannot start while there is a slot (ConditionPathExists), in any deployment, after any boot. What runs now is stopped.
hold_zincati() {
  local n text
  zincati_shown
  if [[ -n $REPLY ]]; then
    [[ $REPLY == *50-coreos-infra.conf* ]] || fail zincati "nothing in this /etc holds Zincati while a slot is open" "systemctl daemon-reload; systemctl cat zincati.service"
    control stop -- zincati.service || fail zincati "Zincati cannot be stopped" "${WORDS[@]}"
    control reset-failed -- zincati.service || :
  fi
  check_zincati
  # Its client is gone, its transaction may not be.
  for ((n = 0; n < OS_IDLE_SECONDS; n++)); do
    is_transaction || break
    sleep 1 9>&-
  done
  if is_transaction; then fail transaction "rpm-ostree is busy with something that is not ours" "${WORDS[@]}"; fi
  read_deployments || fail ostree "ostree does not say what is deployed" "${WORDS[@]}"
  is_staged || return 0
  text=${DEP_NAME[0]}
  [[ -n ${Q[dropStaged]} && ${text%.*} == "${Q[dropStaged]}" ]] || fail staged "a deployment is staged that is not ours: $text"
  drop_staged || fail staged "the deployment that Zincati staged cannot be dropped" "${WORDS[@]}"
}

# zincati_shown: sets REPLY to its drop-ins, '' where there is no such unit.
zincati_shown() {
  show_unit zincati.service LoadState,DropInPaths,ActiveState
  REPLY=''
  [[ ${P[LoadState]-} != loaded ]] || REPLY="${P[DropInPaths]-} "
  ZINCATI=${P[ActiveState]-}
}

check_zincati() {
  zincati_shown
  case $ZINCATI in
    '' | inactive | failed) ;;
    *) fail zincati "Zincati is $ZINCATI although it is held" ;;
  esac
}
