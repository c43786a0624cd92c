#!/usr/bin/env bash
# Adds images to the read-only store that all hosts of a lab share. Usage: image-store.sh STORE BASE SCRATCH [ARCHIVE-FOLDER …]
# Running hosts see a new image at once: their podman reads the store's index anew when it has changed.
set -euo pipefail
store=$1 base=$2 scratch=$3
shift 3
in_tree=$(dirname "$0")/in-tree.sh
mkdir -p "$store"
exec 9>"$store.lock" # also against what a killed command left running
flock 9
binds=("$store:/store")
for folder in "$@"; do binds+=("$folder:/archives/$(basename "$folder")"); done
# shellcheck disable=SC2016 # the script is for the shell inside
"$BASH" "$in_tree" "$base/root" "$scratch" "${binds[@]}" -- /bin/bash -euc '
  export PODMAN_IGNORE_CGROUPSV1_WARNING=1
  podman() { command podman --cgroup-manager=cgroupfs --root /store --runroot /run/store --storage-driver overlay "$@"; }
  podman images --quiet >/dev/null # this makes a store of an empty folder
  for archive in /archives/*/image.tar; do
    [ ! -e "$archive" ] || podman load --quiet --input "$archive" >/dev/null
  done
'
rm -rf --one-file-system "$scratch"
