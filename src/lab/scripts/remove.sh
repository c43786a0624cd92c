#!/usr/bin/env bash
# Deletes a folder with hosts' disks in it; ostree marks deployments immutable. Usage: remove.sh FOLDER
set -euo pipefail
[ -e "$1" ] || exit 0
find "$1" -xdev -type d -path '*/deploy/*' -name '*.[0-9]*' -prune -exec chattr -i {} +
rm -rf --one-file-system "$1"
