# Installing the helper: its own file, the guard's units, and the proof that they work here. A step of its own, before the first change set.
# shellcheck shell=bash disable=SC2034,SC2154

UNIT_FOLDER=/etc/systemd/system
# Space for a revert on a file system that is full to the last byte, taken before it is.
RESERVE_BYTES=4194304

# install_helper VERSION LENGTH SHA256: the helper's text follows on stdin. VERSION is the start of its hash.
install_helper() {
  local version=$1 folder=$LIBEXEC/$1 got
  step install version "$version"
  make_run_folder
  take_lock
  end_final_slot
  # The slot is finished by the version that opened it.
  ! slot_state || fail_locked "a change set is open on this host: the helper is not replaced now"
  # Read by systemd and by people: 0755, whatever our umask.
  (umask 022 && mkdir -p -- "$LIBEXEC" "$UNIT_FOLDER/zincati.service.d") 2>/dev/null || fail_write "${LIBEXEC%/*}"
  rm -rf -- "$folder.new"
  mkdir -m 0755 -- "$folder.new" || fail_write "$LIBEXEC"
  head -c "$2" >"$folder.new/helper" || fail_write "$LIBEXEC"
  read -r got _ < <(sha256sum -- "$folder.new/helper")
  [[ $got == "$3" ]] || fail receive "the helper arrived damaged or cut off"
  printf '%s\n' "$version" >"$folder.new/version"
  words_of sync -- "$folder.new/helper" "$folder.new/version" "$folder.new" || fail_write "$LIBEXEC"
  # A version is never edited in place.
  rm -rf -- "$folder"
  words_of mv --no-copy -T -- "$folder.new" "$folder" || fail_write "$LIBEXEC"
  words_of ln -sfn -- "$version" "$LIBEXEC/current.new" || fail_write "$LIBEXEC"
  words_of mv --no-copy -fT -- "$LIBEXEC/current.new" "$LIBEXEC/current" || fail_write "$LIBEXEC"
  label_tree "$LIBEXEC"
  words_of sync -- "$LIBEXEC" || fail_write "$LIBEXEC"
  make_folders
  make_reserve
  install_units
  self_test
  remove_versions "$version"
  say installed version "$version"
}

label_tree() {
  { command -v selinuxenabled >/dev/null && selinuxenabled; } || return 0
  restorecon -RF -- "$1" 2>/dev/null || :
}

make_reserve() {
  [[ -e $STATE/reserve ]] || words_of fallocate -l "$RESERVE_BYTES" "$STATE/reserve" || { rm -f -- "$STATE/reserve" && fail no-space "no space for the reserve of $RESERVE_BYTES bytes in $STATE" "${WORDS[@]}"; }
}

install_units() {
  local name
  for name in coreos-infra-guard.path coreos-infra-guard.service coreos-infra-boot.service zincati.service.d/50-coreos-infra.conf; do
    install_unit "$name" "$UNIT_FOLDER/.coreos-infra.new" || fail_write "$UNIT_FOLDER"
  done
  control daemon-reload || fail daemon-reload "systemd could not load its units anew" "${WORDS[@]}"
  control enable -- coreos-infra-guard.path coreos-infra-boot.service || fail install "the guard's units cannot be enabled" "${WORDS[@]}"
  control start -- coreos-infra-guard.path || fail install "the guard's path unit cannot be started" "${WORDS[@]}"
  words_of sync -- "$UNIT_FOLDER" "$UNIT_FOLDER"/*.wants || fail_write "$UNIT_FOLDER"
}

# install_unit NAME NEW: written aside, durable, labelled, then renamed.
install_unit() {
  { unit_text "$1" >"$2" && chmod 0644 -- "$2"; } 2>/dev/null || return 1
  label_like "$UNIT_FOLDER/$1" "$2"
  words_of sync -- "$2" && words_of mv --no-copy -fT -- "$2" "$UNIT_FOLDER/$1"
}

# unit_text NAME: units call the shell with a script: SELinux lets a unit run that wherever the script lies.
unit_text() {
  case $1 in
    coreos-infra-guard.path)
      printf '%s\n' '[Unit]' 'Description=Wakes the guard of coreos-infra when a change set is open' \
        '[Path]' "PathExists=$OPEN" '[Install]' 'WantedBy=multi-user.target'
      ;;
    coreos-infra-guard.service)
      # Nothing of the guard may hold up a shutdown: a child that ignored SIGTERM made a way back 45 s longer.
      # on-failure, not always: that would start it for ever once the slot is gone. Never given up (StartLimitIntervalSec=0).
      printf '%s\n' '[Unit]' 'Description=Reverts the change set of coreos-infra that nobody confirms' "RequiresMountsFor=$STATE" \
        'StartLimitIntervalSec=0' 'RefuseManualStop=yes' \
        '[Service]' "ExecStart=/bin/bash $LIBEXEC/current/helper guard" 'Restart=on-failure' 'RestartSec=1' 'KillMode=control-group' 'TimeoutStopSec=5' 'OOMScoreAdjust=-900'
      ;;
    coreos-infra-boot.service)
      # R16: before any service, so that none starts on files that are about to change.
      printf '%s\n' '[Unit]' 'Description=Puts back what coreos-infra found unconfirmed at boot' 'DefaultDependencies=no' \
        "RequiresMountsFor=$STATE /etc /boot" 'After=local-fs.target' 'Before=basic.target' "ConditionPathExists=$STATE" \
        '[Service]' 'Type=oneshot' 'TimeoutStartSec=300' "ExecStart=/bin/bash $LIBEXEC/current/helper boot_guard" '[Install]' 'WantedBy=sysinit.target'
      ;;
    zincati.service.d/50-coreos-infra.conf)
      # The slot itself holds Zincati, in every deployment and over reboots; and the deny list does where Zincati would take what is on it.
      printf '%s\n' '[Unit]' "ConditionPathExists=!$OPEN" "ConditionPathExists=!$ZINCATI_HELD"
      ;;
  esac
}

# self_test: what a revert relies on works on this host's file systems, and the guard wakes up.
self_test() {
  local folder
  step self-test
  for folder in "${ETC_STAGE%/*}" "$STATE"; do
    test_folder "$folder" || fail self-test "rename, hard link or fsync do not work in $folder" "${WORDS[@]}"
  done
  test_guard
}

test_folder() {
  { : >"$1/test.a" && printf x >"$1/test.b"; } 2>/dev/null || return 1
  words_of ln -P -T -- "$1/test.b" "$1/test.c" || return 1
  words_of mv --no-copy -fT -- "$1/test.c" "$1/test.a" || return 1
  [[ -s $1/test.a ]] || return 1
  words_of sync -- "$1/test.a" "$1" || return 1
  rm -- "$1/test.a" "$1/test.b"
}

# test_guard: a slot that ended already wakes it; it has nothing to do.
test_guard() {
  PREP=$STATE/prep.selftest
  rm -rf -- "$PREP" "$RUN/guard"
  mkdir -- "$PREP" 2>/dev/null || fail_write "$STATE"
  printf 'reverted\n' >"$PREP/state"
  printf '%s\0' format 1 kind test id selftest entries >"$PREP/manifest"
  words_of mv --no-copy -T -- "$PREP" "$OPEN" || fail_write "$STATE"
  if ! guard_awake selftest; then
    rm -rf -- "$OPEN"
    fail self-test "the guard did not wake up within $GUARD_AWAKE_SECONDS s" "journalctl -u coreos-infra-guard.path -u coreos-infra-guard.service"
  fi
  rm -rf -- "$OPEN"
}

# remove_versions KEEP: no slot is open, so nothing names them.
remove_versions() {
  local folder
  for folder in "$LIBEXEC"/*/; do
    folder=${folder%/}
    [[ -L $folder || ${folder##*/} == "$1" ]] || rm -rf -- "$folder"
  done
}
