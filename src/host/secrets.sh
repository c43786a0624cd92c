# Podman secrets: made under fresh names before anything is touched, never replaced, and taken away when no kept generation names them.
# shellcheck shell=bash disable=SC2034,SC2154

# Which names are ours: a note for each, written before it is made.
SECRET_NOTES=$STATE/secrets
PODMAN_SECONDS=20

# make_secrets: those of the plan, from the bundle. Their values are here for this moment, below /run, and never in an argument.
make_secrets() {
  local name
  SECRETS_MADE=()
  ((${#N_SECRET[@]})) || return 0
  step secrets
  { mkdir -p -- "$SECRET_NOTES"; } 2>/dev/null || fail_write "$STATE"
  words_of tar -xf "$BUNDLE" -C "$WORK" --no-same-owner --no-same-permissions -- secrets || fail_write "$RUN"
  for name in "${N_SECRET[@]}"; do
    { : >"$SECRET_NOTES/$name"; } 2>/dev/null || fail_write "$STATE"
    SECRETS_MADE+=("$name")
    words_of timeout -k 5 "$PODMAN_SECONDS" podman secret create -- "$name" "$WORK/secrets/$name" </dev/null 9>&- ||
      fail podman-secret "podman does not take the secret $name" "${WORDS[@]}"
  done
  rm -rf -- "$WORK/secrets"
}

# drop_secrets: nothing was armed: what was made for it goes.
drop_secrets() {
  local name
  ((${#SECRETS_MADE[@]} == 0)) || read_secret_names
  for name in "${SECRETS_MADE[@]}"; do remove_secret "$name"; done
}

remove_secret() {
  timeout -k 5 "$PODMAN_SECONDS" podman secret rm -- "$1" </dev/null >/dev/null 2>&1 9>&- || ! podman_has "$1" || return 0
  rm -f -- "$SECRET_NOTES/$1"
}

# prune_secrets: after a change set was put away. Those that a container still uses can be removed as well: it has its copy.
prune_secrets() {
  local file i name
  local -A named=()
  local -a notes=("$SECRET_NOTES"/*)
  ((${#notes[@]})) || return 0
  for file in "$STATE"/generations/*/managed "$OPEN"/manage[d]; do
    read_records "$file" || return 0
    for ((i = 0; i < ${#RECORDS[@]}; i += 8)); do
      [[ ${RECORDS[i + 1]} != podman-secret ]] || named[${RECORDS[i + 2]}]=1
    done
  done
  read_secret_names
  for file in "${notes[@]}"; do
    name=${file##*/}
    [[ -n ${named[$name]-} ]] || remove_secret "$name"
  done
}
