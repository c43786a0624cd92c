# The verb os_resolve: which release is what was asked for, on this host's own remote. Nothing on the host changes: commits are read
# into a scratch repository in /run, without their content, and image manifests by skopeo. Signatures are checked when it is deployed.
# shellcheck shell=bash disable=SC2034,SC2154
# Asked by: OS_REFSPEC (of an ostree origin) or OS_IMAGE, OS_WANTED (latest, version or digest) and OS_NAME.

# Remotes are far away, and a dead one must not hang a look at it.
RESOLVE_SECONDS=90
# Releases of a branch that are looked through for a version.
HISTORY_MAX=200

os_resolve() {
  STEP=resolve
  if [[ -n $OS_IMAGE ]]; then resolve_image; else resolve_commit; fi
}

resolve_commit() {
  local remote=${OS_REFSPEC%%:*} branch=${OS_REFSPEC#*:} url repo rev
  [[ $OS_REFSPEC == *:* ]] || fail resolve "this host follows no remote: its origin is ${OS_REFSPEC:-none}"
  url=$(ostree remote show-url "$remote" 2>/dev/null) || fail resolve "this host knows no remote $remote"
  [[ -d $RUN ]] || mkdir -m 0700 -- "$RUN"
  repo=$(mktemp -d -- "$RUN/resolve.XXXXXX") || fail resolve "$RUN cannot be written to"
  # shellcheck disable=SC2064 # the folder of now
  trap "rm -rf -- ${repo@Q}" EXIT
  words_of ostree --repo="$repo" init --mode=archive || fail resolve "no scratch repository can be made" "${WORDS[@]}"
  words_of ostree --repo="$repo" config set core.min-free-space-percent 0 || :
  words_of ostree --repo="$repo" remote add --no-sign-verify --no-gpg-verify origin "$url" || fail resolve "the remote's address cannot be used: $url" "${WORDS[@]}"
  rev=$branch
  local depth=0
  [[ $OS_WANTED != digest ]] || rev=${OS_NAME#sha256:}
  [[ $OS_WANTED != version ]] || depth=$HISTORY_MAX
  words_of timeout "$RESOLVE_SECONDS" ostree --repo="$repo" pull --commit-metadata-only --depth="$depth" origin "$rev" ||
    fail resolve "the remote $remote ($url) does not have $rev, or does not answer" "${WORDS[@]}"
  [[ $OS_WANTED == digest ]] || rev=origin:$branch
  find_commit "$repo" "$rev"
}

# find_commit REPO REV: the newest commit from REV on that is wanted.
find_commit() {
  local line checksum='' date='' version=''
  while IFS= read -r line; do
    case $line in
      'commit '*) checksum=${line#commit } date='' version='' ;;
      'Date: '*) date=${line#Date: } ;;
      'Version: '*) version=${line#Version: } ;;
      '')
        if [[ -n $checksum && ($OS_WANTED != version || ${version//[[:space:]]/} == "$OS_NAME") ]]; then
          say resolved version "${version//[[:space:]]/}" checksum "${checksum//[[:space:]]/}" timestamp "$(date -d "$date" +%s 2>/dev/null)"
          return
        fi
        ;;
    esac
  done < <(ostree --repo="$1" log "$2" 2>/dev/null)
  fail resolve "$OS_NAME is not among the releases of $OS_REFSPEC"
}

resolve_image() {
  local name=$OS_IMAGE tag answer
  local -a auth=()
  command -v skopeo >/dev/null || fail resolve "skopeo, which asks registries, is not on this host"
  # ostree-image-signed:docker://…, ostree-unverified-registry:…, ostree-remote-image:REMOTE:docker://…, ostree-remote-registry:REMOTE:…
  case $name in
    ostree-remote-*) name=${name#*:} name=${name#*:} ;;
    ostree-*) name=${name#*:} ;;
  esac
  name=${name#docker://} name=${name#registry:} name=${name%%@*}
  tag=latest
  if [[ ${name##*/} == *:* ]]; then tag=${name##*:} name=${name%:*}; fi
  case $OS_WANTED in
    latest) name+=:$tag ;;
    version) name+=:$OS_NAME ;;
    digest) name+=@$OS_NAME ;;
  esac
  [[ ! -r /etc/ostree/auth.json ]] || auth=(--authfile /etc/ostree/auth.json)
  [[ ! -r /run/ostree/auth.json ]] || auth=(--authfile /run/ostree/auth.json)
  words_of timeout "$RESOLVE_SECONDS" skopeo inspect --no-tags "${auth[@]}" --format '{{.Digest}}|{{index .Labels "org.opencontainers.image.version"}}|{{index .Labels "version"}}|{{.Created.Unix}}' "docker://$name" ||
    fail resolve "the registry does not know $name, or does not answer" "${WORDS[@]}"
  IFS='|' read -r -a answer <<<"${WORDS[-1]}"
  say resolved version "${answer[1]:-${answer[2]-}}" digest "${answer[0]}" timestamp "${answer[3]-}"
}
