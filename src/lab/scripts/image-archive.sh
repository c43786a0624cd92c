#!/usr/bin/env bash
# Makes OUT/image.tar, an OCI archive of one image under its upstream name: from its registry, else from our own build.
# Usage: image-archive.sh OUT BASE REFERENCE CONTEXT|-   (-: pull; at most 5 seconds are given to it)
# podman is that of the lab's root tree, so that this machine needs none.
set -euo pipefail
out=$1 base=$2 reference=$3 context=$4
in_tree=$(dirname "$0")/in-tree.sh
mkdir "$out/store" "$out/context"
binds=("$out:/out" "$out/store:/var/lib/containers/storage")
[ "$context" = - ] || binds+=("$context:/context")
# shellcheck disable=SC2016 # the script is for the shell inside
"$BASH" "$in_tree" "$base/root" "$out/scratch" "${binds[@]}" -- /bin/bash -euc '
  export PODMAN_IGNORE_CGROUPSV1_WARNING=1
  podman() { command podman --cgroup-manager=cgroupfs --log-level=error "$@"; }
  if [ "$2" = - ]; then
    timeout 5 podman pull --quiet "$1"
  else
    name=${1##*/} file=/context/Containerfile
    # Several images of one context have a Containerfile each: Containerfile.kea-dhcp4.
    [ ! -e "$file.${name%:*}" ] || file=$file.${name%:*}
    podman build --quiet --isolation=chroot --timestamp=0 --file "$file" --tag "$1" /context
  fi
  podman save --quiet --format=oci-archive --output /out/image.tar "$1"
' - "$reference" "$context"
chattr -R -i "$out/store" 2>/dev/null || true
rm -rf --one-file-system "$out/store" "$out/scratch" "$out/context"
