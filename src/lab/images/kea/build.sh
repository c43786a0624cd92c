#!/usr/bin/env bash
# Makes the build context of the Kea images (kea-dhcp4, kea-dhcp6) from Debian's packages: the servers, all hooks, what these link to.
# Usage: build.sh CONTEXT TAG BASE GO-PROGRAM-SCRIPT | build.sh --builds-outside …   (it never does: its apt-get is the root tree's)
# TAG is the version that the programs say of themselves: 2.6.3 comes from trixie, 3.0.3 from trixie-backports.
set -euo pipefail
source=$(cd "$(dirname "$0")" && pwd)
[ "$1" != --builds-outside ] || exit 1
context=$1 tag=$2 base=$3 scripts=$(dirname "$4")
mkdir "$context/rootfs"
"$BASH" "$scripts/in-tree.sh" "$base/root" "$context/scratch" "$context/rootfs:/rootfs" "$source:/source" -- \
  /bin/bash /source/rootfs.sh "$tag"
rm -rf "$context/scratch"
cp "$source"/Containerfile.* "$context/"
