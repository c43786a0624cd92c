# Deployments as ostree itself has them: which one is booted, staged, the default; moving the default, pins, dropping what is staged.
# shellcheck shell=bash disable=SC2034,SC2154
#
# Only `ostree admin`, which needs no D-Bus, decides anything: the boot guard runs before D-Bus. rpm-ostree is asked where its daemon
# must know (transactions, cleanup). All of them wait for the lock of the sysroot as long as a transaction runs: always a time limit.

OSTREE_SECONDS=60
# A cancelled download took 33 s to end with a slow server.
CANCEL_SECONDS=120

# read_deployments: fills DEP_NAME (checksum.serial), DEP_STAGED, DEP_LOCKED, DEP_PINNED by index; 0 is what boots next.
# The JSON is read by its own marks, without counting on line breaks or the order of keys. Fails with WORDS.
read_deployments() {
  local text line depth=0 n=-1 at
  local key='"(checksum|serial|index|staged|pinned|finalization-locked)"[[:space:]]*:[[:space:]]*"?([0-9a-z]+)"?[[:space:]]*$'
  local -a checksum=() serial=() index=() staged=() pinned=() locked=()
  DEP_NAME=() DEP_STAGED=() DEP_LOCKED=() DEP_PINNED=()
  text=$(timeout -k 5 "$OSTREE_SECONDS" ostree admin status --json 2>&1 </dev/null 9>&-) || {
    WORDS=("ostree admin status: ${text:-it did not answer}")
    return 1
  }
  text=${text//\{/$'\n{\n'} text=${text//\}/$'\n}\n'}
  while IFS= read -r line; do
    case $line in
      '{') depth=$((depth + 1)) && { ((depth != 2)) || n=$((n + 1)); } ;;
      '}') depth=$((depth - 1)) ;;
      *)
        if ((depth != 2)) || [[ ! $line =~ $key ]]; then continue; fi
        case ${BASH_REMATCH[1]} in
          checksum) checksum[n]=${BASH_REMATCH[2]} ;;
          serial) serial[n]=${BASH_REMATCH[2]} ;;
          index) index[n]=${BASH_REMATCH[2]} ;;
          staged) staged[n]=${BASH_REMATCH[2]} ;;
          pinned) pinned[n]=${BASH_REMATCH[2]} ;;
          finalization-locked) locked[n]=${BASH_REMATCH[2]} ;;
        esac
        ;;
    esac
  done <<<"${text//,/$'\n'}"
  for n in "${!checksum[@]}"; do
    at=${index[n]:-$n}
    DEP_NAME[at]=${checksum[n]}.${serial[n]:-0}
    DEP_STAGED[at]=${staged[n]-} DEP_PINNED[at]=${pinned[n]-} DEP_LOCKED[at]=${locked[n]-}
  done
  WORDS=("ostree admin status shows no deployment")
  ((${#DEP_NAME[@]}))
}

# same_deployment NAME NAME: one deployment, or the same commit deployed anew (its serial is another then).
same_deployment() { [[ -n $1 && -n $2 && ($1 == "$2" || (${1%.*} == "${2%.*}" && ${H[from]%.*} != "${OS_TO%.*}")) ]]; }

# index_of NAME: sets REPLY to its index: that very deployment, else one of the same commit. What is only staged is not on disk yet.
index_of() {
  local n
  for n in "${!DEP_NAME[@]}"; do
    REPLY=$n
    [[ ${DEP_NAME[n]} != "$1" || ${DEP_STAGED[n]} == true ]] || return 0
  done
  for n in "${!DEP_NAME[@]}"; do
    REPLY=$n
    if [[ ${DEP_STAGED[n]} != true ]] && same_deployment "${DEP_NAME[n]}" "$1"; then return 0; fi
  done
  return 1
}

is_staged() { [[ ${DEP_STAGED[0]-} == true ]]; }

# is_shutting_down: a reboot is under way: what it finalises is not ours to drop any more.
is_shutting_down() { [[ $(timeout 10 systemctl is-system-running 2>/dev/null 9>&-) == stopping ]]; }

# is_transaction: rpm-ostree is at work. Inside the long strings of its JSON every quote has a backslash. Without an answer: yes.
is_transaction() {
  local text
  text=$(timeout -k 5 "$OSTREE_SECONDS" rpm-ostree status --json 2>&1 </dev/null 9>&-) || {
    WORDS=("${text:-rpm-ostree status did not answer}")
    return 0
  }
  WORDS=("rpm-ostree status says: a transaction runs")
  [[ ! $text =~ (^|[^\\])\"transaction\"[[:space:]]*:[[:space:]]*null ]]
}

# drop_staged: `cleanup -p` when, and only when, something is staged: on a pending entry it would delete the way back.
# Reads the deployments anew. A transaction that our own staging began is cancelled first; anybody else's is waited for by the caller.
drop_staged() {
  read_deployments || return 1
  if [[ -e $RUN/staging.${H[id]} ]]; then
    words_of timeout -k 5 "$CANCEL_SECONDS" rpm-ostree cancel || :
    if is_transaction; then return 1; fi
    rm -f -- "$RUN/staging.${H[id]}"
    read_deployments || return 1
  fi
  is_staged || return 0
  words_of timeout -k 5 "$OSTREE_SECONDS" rpm-ostree cleanup -p </dev/null || return 1
  read_deployments || return 1
  WORDS=("rpm-ostree cleanup -p: ${DEP_NAME[0]} is staged still")
  ! is_staged
}

# make_default NAME: B2: by commit, looked up right before, never by a toggle (`rpm-ostree rollback`): done twice it is the same.
# A staged deployment is dropped by this as well. Fails when it is not the default afterwards.
make_default() {
  read_deployments || return 1
  WORDS=("the deployment $1 is not on disk")
  index_of "$1" || return 1
  if ((REPLY > 0)); then
    words_of timeout -k 5 "$OSTREE_SECONDS" ostree admin set-default "$REPLY" </dev/null || return 1
    read_deployments || return 1
  fi
  WORDS=("ostree admin set-default: the default is ${DEP_NAME[0]}, not $1")
  ! is_staged && same_deployment "${DEP_NAME[0]}" "$1"
}

# pin NAME / unpin NAME: a pinned deployment survives whatever is deployed meanwhile.
pin() {
  read_deployments && index_of "$1" || return 1
  [[ ${DEP_PINNED[REPLY]} == true ]] || words_of timeout -k 5 "$OSTREE_SECONDS" ostree admin pin "$REPLY" </dev/null || return 1
  read_deployments && index_of "$1" && [[ ${DEP_PINNED[REPLY]} == true ]]
}

unpin() {
  local tries
  # Indexes shift when somebody else's transaction ends in between, and ostree then has unpinned another one without a word: looked at again.
  for tries in 1 2 3 4; do
    read_deployments || return 1
    index_of "$1" && [[ ${DEP_PINNED[REPLY]} == true ]] || return 0
    WORDS=("ostree admin pin: $1 is pinned still")
    ((tries == 4)) || words_of timeout -k 5 "$OSTREE_SECONDS" ostree admin pin -u "$REPLY" </dev/null || :
  done
  return 1
}

# reboot_now: orderly, so that what is staged is finalised, and without asking inhibitors, as `systemctl reboot` does in a way that
# fails without a word. --no-block: we are a unit ourselves. Works without D-Bus.
reboot_now() {
  words_of timeout -k 5 30 systemctl --no-ask-password --no-block --job-mode=replace-irreversibly start reboot.target
}
