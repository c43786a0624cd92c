# Which images are on the host, from the index of the storage itself: asking podman takes a tenth of a second.
# shellcheck shell=bash disable=SC2034,SC2154

# image_stores: sets STORES to the folders that hold images: the graph root and the additional read-only stores.
image_stores() {
  local conf line list=0 text=''
  STORES=(/var/lib/containers/storage)
  for conf in /etc/containers/storage.conf /usr/share/containers/storage.conf; do
    [[ -r $conf ]] || continue
    while IFS= read -r line || [[ -n $line ]]; do
      line=${line%%#*}
      [[ $line =~ ^[[:space:]]*graphroot[[:space:]]*=[[:space:]]*\"([^\"]+)\" ]] && STORES[0]=${BASH_REMATCH[1]}
      [[ $line =~ ^[[:space:]]*additionalimagestores[[:space:]]*=(.*) ]] && list=1 line=${BASH_REMATCH[1]}
      ((list)) || continue
      text+=$line
      [[ $line != *']'* ]] || list=0
    done <"$conf"
    break
  done
  while [[ $text =~ \"([^\"]+)\"(.*) ]]; do
    STORES+=("${BASH_REMATCH[1]}")
    text=${BASH_REMATCH[2]}
  done
}

# image_names: sets NAMES to a text with every image's name in quotes. Only "names" counts: "names-history" keeps what was removed.
image_names() {
  local store json
  NAMES=
  image_stores
  for store in "${STORES[@]}"; do
    [[ -r $store/overlay-images/images.json ]] || continue
    json=$(<"$store/overlay-images/images.json")
    while [[ $json =~ \"names\":\[([^]]*)\](.*) ]]; do
      NAMES+=${BASH_REMATCH[1]},
      json=${BASH_REMATCH[2]}
    done
  done
}

# has_image NAME: after image_names; true only says yes: a short name, a digest or another storage driver needs podman itself.
has_image() { [[ $NAMES == *"\"$1\""* ]]; }

# Images that are missing are pulled: before the lock, since it takes as long as it takes.
PULL_SECONDS=300
fetch_images() {
  local image
  ((${#IMAGES[@]} == 0)) || image_names
  for image in "${IMAGES[@]}"; do
    has_image "$image" && continue
    podman image exists "$image" </dev/null >/dev/null 2>&1 && continue
    step images image "$image"
    note_pulled "$image"
    words_of timeout -k 5 "$PULL_SECONDS" podman pull --quiet "$image" </dev/null && continue
    rm -f -- "$NOTE"
    fail image-missing "the image $image is not on the host and could not be pulled" "${WORDS[@]}"
  done
}

# note_pulled NAME: that it is here because of us, in the file NOTE. Written before the pull: an image without a note stays for ever, no more.
note_pulled() {
  serial_file "$1"
  NOTE=$STATE/pulled/$REPLY
  { mkdir -p -- "$STATE/pulled" && printf '%s\n' "$1" >"$NOTE"; } 2>/dev/null || :
}

# Where units of whoever else name images.
UNIT_PLACES=(/etc/containers/systemd /usr/share/containers/systemd /run/containers/systemd /etc/systemd/system)
REMOVE_SECONDS=10

# prune_images: after a confirm: images that we pulled and that no kept generation (neither its record nor its files) and no unit names
# any more. Best effort: podman refuses those that a container uses, and they are tried again after the next change.
prune_images() {
  local note name
  local -A gone=()
  for note in "$STATE"/pulled/*; do
    name=
    read -r name 2>/dev/null <"$note" || :
    if [[ -z $name ]]; then
      rm -f -- "$note"
    elif ! grep -raqsF -e "$name" -- "$STATE"/generations "$STATE"/objects "${UNIT_PLACES[@]}"; then
      gone[$name]=$note
    fi
  done
  ((${#gone[@]})) || return 0
  timeout -k 2 "$REMOVE_SECONDS" podman image rm -- "${!gone[@]}" </dev/null >/dev/null 2>&1 9>&- || :
  image_names
  for name in "${!gone[@]}"; do has_image "$name" || rm -f -- "${gone[$name]}"; done
}

# read_secret_names: sets SECRET_STORE to podman's list of secrets: asking podman itself takes a tenth of a second.
read_secret_names() {
  SECRET_STORE=
  image_stores
  [[ ! -r ${STORES[0]}/secrets/secrets.json ]] || SECRET_STORE=$(<"${STORES[0]}/secrets/secrets.json")
}

# podman_has NAME: after read_secret_names.
podman_has() { [[ $SECRET_STORE =~ \"nameToID\":[[:space:]]*\{[^}]*\"${1//./\\.}\": ]]; }
