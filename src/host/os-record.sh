# The record of an OS upgrade in the slot: where from, where to, which boot is the trial, why it ends.
# shellcheck shell=bash disable=SC2034,SC2154
#
# Beside the manifest, files of one line: `target` (checksum.serial, once it is staged), `trial` (boot id), `cause` (a word; all words
# are written before arming, as with the state: at the end a rename must do), `report` (the reason, then words of the host). `told`: the word
# to reboot was heard; until then it is `not-told`. `no-way-back`: confirmed, and the old deployment was not on disk any more.

OS_CAUSES=(checks second-boot person deadline abort not-applied)
OS_KEEP=10

# read_os_slot: the open slot into H, W_UNIT and OS_*. Fails when there is none, or it is of another kind.
read_os_slot() { slot_state && OS_WORD=$REPLY && read_os_folder "$OPEN"; }

# read_os_folder FOLDER: the same for an archived one.
read_os_folder() {
  OS_TO='' OS_TRIAL='' OS_CAUSE='' OS_TOLD=0
  read_plan "$1/manifest" && [[ ${H[kind]-} == os ]] || return 1
  OS_TO=${H[to]-}
  [[ -n $OS_TO ]] || read -r OS_TO 2>/dev/null <"$1/target" || :
  read -r OS_TRIAL 2>/dev/null <"$1/trial" || :
  read -r OS_CAUSE 2>/dev/null <"$1/cause" || :
  [[ ! -e $1/told ]] || OS_TOLD=1
}

# os_note_told: whether a reboot that never came was ever asked for is what nobody else knows, when the link broke at that moment.
os_note_told() {
  [[ ! -e $OPEN/told ]] || return 0
  words_of mv --no-copy -fT -- "$OPEN/not-told" "$OPEN/told" && OS_TOLD=1
}

# note NAME TEXT: a file of the slot, durable. Needs space: the reserve is for that.
note() {
  local file=$OPEN/$1
  if ! { printf '%s\n' "$2" >"$file.new"; } 2>/dev/null || [[ ! -s $file.new ]]; then
    rm -f -- "$STATE/reserve"
    WORDS=("no space for $file")
    { printf '%s\n' "$2" >"$file.new" && [[ -s $file.new ]]; } 2>/dev/null || return 1
  fi
  words_of sync -- "$file.new" && words_of mv --no-copy -fT -- "$file.new" "$file" && words_of sync -- "$OPEN"
}

# note_cause WORD REASON [DETAIL…]: the first one stands: what follows from it must not hide it. Words for people are best effort.
note_cause() {
  [[ -z $OS_CAUSE ]] || return 0
  [[ ! -e $OPEN/cause.$1 ]] || words_of mv --no-copy -fT -- "$OPEN/cause.$1" "$OPEN/cause" || return 1
  { printf '%s\n' "${@:2}" >"$OPEN/report"; } 2>/dev/null || :
  words_of sync -- "$OPEN" || return 1
  OS_CAUSE=$1
}

# forget_cause: an end that was asked for too late (the reboot was under way) says nothing about the trial that followed.
forget_cause() {
  [[ -z $OS_CAUSE ]] || words_of mv --no-copy -fT -- "$OPEN/cause" "$OPEN/cause.$OS_CAUSE" || :
  OS_CAUSE=
}

# os_where: sets REPLY to what is booted, as the slot sees it: from, to, other.
os_where() {
  [[ -n ${OS_BOOTED-} ]] || { deployment && OS_BOOTED=$REPLY; }
  if same_deployment "$OS_BOOTED" "${H[from]}"; then
    REPLY=from
  elif same_deployment "$OS_BOOTED" "$OS_TO"; then
    REPLY=to
  else
    REPLY=other
  fi
}

# prune_os FOLDER: the last OS_KEEP os slots of an archive stay; they have no list of managed files.
prune_os() {
  local n dir count=0
  local -a numbers=()
  for dir in "$STATE/$1"/*/os; do
    n=${dir%/os} n=${n##*/}
    [[ $n =~ ^[1-9][0-9]*$ ]] && numbers[n]=1
  done
  for n in "${!numbers[@]}"; do
    ((count++ < ${#numbers[@]} - OS_KEEP)) || break
    rm -rf -- "${STATE:?}/$1/$n"
  done
}
