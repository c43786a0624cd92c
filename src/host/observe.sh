# The verb observe: what stands on the host, as NUL-separated fields, in one round trip. Takes no lock, writes nothing.
# shellcheck shell=bash disable=SC2034,SC2154
# Asked by arrays of the request: WANT_PATHS WANT_UNITS WANT_IMAGES WANT_ZONES, WANT_CMD_ID/_CREATES/_UNLESS.

# Longer than any check should take; `unless` that hangs counts as not satisfied.
UNLESS_SECONDS=10
# Larger files are reported without a hash: nothing that we write is of that size.
HASH_KIB_MAX=65536

put() { printf '%s\0' "$@"; }

observe_facts() {
  local key value version='' os='' boot up helper='' ostree=0 release=/etc/os-release
  [[ -r $release ]] || release=/usr/lib/os-release
  while IFS='=' read -r key value; do
    value=${value#[\"\']} value=${value%[\"\']}
    case $key in
      OSTREE_VERSION) version=$value ;;
      VERSION) version=${version:-$value} ;;
      ID) os=$value ;;
    esac
  done 2>/dev/null <"$release"
  boot_id && boot=$REPLY
  read -r up _ </proc/uptime
  # Installed only where this deployment's /etc has the guard's units: a rollback may have brought an /etc from before.
  [[ ! -e /etc/systemd/system/coreos-infra-guard.path || ! -e /etc/systemd/system/coreos-infra-boot.service ]] || read -r helper 2>/dev/null <"$LIBEXEC/current/version" || :
  [[ ! -e /run/ostree-booted ]] || ostree=1
  put facts "$boot" "$version" "$os" "$HOSTNAME" "$ostree" "$up" "$helper"
}

# One find for all paths and, from it, one sha256sum for all regular files: their output goes straight to the answer.
observe_paths() {
  ((${#WANT_PATHS[@]})) || return 0
  find "${WANT_PATHS[@]}" -maxdepth 0 -printf 'path\0%y\0%m\0%u\0%g\0%s\0%T@\0%l\0%p\0' \
    -type f -size "-$((HASH_KIB_MAX + 1))k" -exec sha256sum -z {} + 2>/dev/null
}

# Blocks of `systemctl show` come in the order of the arguments, ended by an empty line.
observe_units() {
  local line key value unit=0
  local -A p=()
  ((${#WANT_UNITS[@]})) || return 0
  while IFS= read -r line || [[ -n ${p[LoadState]-} ]]; do
    if [[ -n $line ]]; then
      key=${line%%=*} value=${line#*=}
      p[$key]=$value
      continue
    fi
    ((unit < ${#WANT_UNITS[@]})) || break
    put unit "${WANT_UNITS[unit]}" "${p[LoadState]-}" "${p[ActiveState]-}" "${p[SubState]-}" "${p[UnitFileState]-}" \
      "${p[NeedDaemonReload]-}" "${p[NRestarts]-0}"
    p=() unit=$((unit + 1))
  done <&"$1"
}

# The store's own index says yes in no time; only podman can say no (short names, digests, other storage drivers).
observe_images() {
  local image
  ((${#WANT_IMAGES[@]})) || return 0
  image_names
  for image in "${WANT_IMAGES[@]}"; do
    if has_image "$image"; then
      put image "$image"
    else
      timeout 20 podman image exists "$image" </dev/null >/dev/null 2>&1 &
      IMAGE_JOBS[$!]=$image
    fi
  done
}

# Checks of commands run side by side; what they print is nobody's business.
start_commands() {
  local i
  for i in "${!WANT_CMD_ID[@]}"; do
    [[ -n ${WANT_CMD_UNLESS[i]} ]] || continue
    [[ -z ${WANT_CMD_CREATES[i]} || ! -e ${WANT_CMD_CREATES[i]} ]] || continue
    timeout -k 2 "$UNLESS_SECONDS" bash -c "${WANT_CMD_UNLESS[i]}" </dev/null >/dev/null 2>&1 &
    CMD_JOBS[i]=$!
  done
}

observe_commands() {
  local i satisfied
  for i in "${!WANT_CMD_ID[@]}"; do
    satisfied=0
    if [[ -n ${WANT_CMD_CREATES[i]} && -e ${WANT_CMD_CREATES[i]} ]]; then
      satisfied=1
    elif [[ -n ${CMD_JOBS[i]-} ]] && wait "${CMD_JOBS[i]}"; then
      satisfied=1
    fi
    put command "${WANT_CMD_ID[i]}" "$satisfied"
  done
}

# The serial of a zone file in our canonical form: one SOA record on one line, near the top.
observe_zones() {
  local path line n serial soa='[[:space:]]SOA[[:space:]]+[^[:space:]]+[[:space:]]+[^[:space:]]+[[:space:]]+([0-9]{1,10})[[:space:]]'
  for path in "${WANT_ZONES[@]}"; do
    [[ -f $path && ! -L $path ]] || continue
    n=0 serial=
    while [[ -z $serial ]] && ((n++ < 32)) && IFS= read -r line; do
      [[ $line =~ $soa ]] && serial=${BASH_REMATCH[1]}
    done 2>/dev/null <"$path"
    [[ -z $serial ]] || put zone "$path" "$serial"
  done
}

# observe_reverted: the last change set or OS upgrade that ended here, when it was reverted: none was confirmed after it, of either kind.
observe_reverted() {
  local dir n last=0 confirmed=0 reason=''
  for dir in "$STATE"/{reverted,generations}/*/; do
    n=${dir%/} n=${n##*/}
    [[ $n =~ ^[1-9][0-9]*$ ]] || continue
    if [[ $dir == "$STATE"/reverted/* ]]; then
      ((n <= last)) || last=$n
    else
      ((n <= confirmed)) || confirmed=$n
    fi
  done
  ((last > confirmed)) && dir=$STATE/reverted/$last && read_header "$dir/manifest" || return 0
  read -r reason 2>/dev/null <"$dir/report" || :
  put reverted "$last" "${HEADER[id]-}" "${HEADER[kind]-config}" "${HEADER[run]-}" "${HEADER[owner]-}" "$(stat -c %Y -- "$dir/state" 2>/dev/null || echo 0)" "$reason"
}

# observe_secrets: which podman secrets of the manifest (RECORDS) podman still has.
observe_secrets() {
  local i read=0
  for ((i = 0; i < ${#RECORDS[@]}; i += 8)); do
    [[ ${RECORDS[i + 1]} == podman-secret ]] || continue
    ((read++)) || read_secret_names
    ! podman_has "${RECORDS[i + 2]}" || put secret "${RECORDS[i + 2]}"
  done
}

observe_memory() {
  local file serial zone
  RECORDS=()
  newest_generation
  put generation "$REPLY"
  observe_reverted
  managed_file
  [[ -z $REPLY ]] || { read_records "$REPLY" && ((${#RECORDS[@]})) && printf 'managed\0' && put "${#RECORDS[@]}" "${RECORDS[@]}"; }
  observe_secrets
  for file in "$STATE"/serials/*; do
    read -r serial zone 2>/dev/null <"$file" && put serial "$zone" "$serial"
  done
}

observe_slot() {
  local word deadline=''
  slot_state || return 0
  word=$REPLY
  read_header "$OPEN/manifest" || :
  read -r deadline 2>/dev/null <"$RUN/deadline.${HEADER[id]-none}" || :
  put slot "${HEADER[id]-}" "${HEADER[kind]-config}" "$word" "${HEADER[run]-}" "${HEADER[owner]-}" "$deadline"
}

observe_lease() {
  read_records "$RUN/lease" || return 0
  ((${#RECORDS[@]} >= 6)) || return 0
  # token owner run purpose expires taken: the token is nobody else's business.
  put lease "${RECORDS[@]:1:5}"
}

observe() {
  declare -A IMAGE_JOBS=()
  declare -a CMD_JOBS=()
  local units=0 job
  if ((${#WANT_UNITS[@]})); then
    exec {units}< <(exec systemctl show -p LoadState,ActiveState,SubState,UnitFileState,NeedDaemonReload,NRestarts -- "${WANT_UNITS[@]}" 2>/dev/null </dev/null)
  fi
  start_commands
  put coreos-infra 1
  observe_images
  observe_paths
  observe_facts
  observe_zones
  observe_memory
  observe_slot
  observe_lease
  observe_units "$units"
  observe_commands
  for job in "${!IMAGE_JOBS[@]}"; do
    ! wait "$job" || put image "${IMAGE_JOBS[$job]}"
  done
  put end
}
