#!/usr/bin/env bash
# Makes the Debian root tree that lab hosts are cut from. Usage: base-tree.sh OUT PACKAGES-FILE
# mmdebstrap is given no mirror: it takes the machine's own choice.
set -euo pipefail
out=$1 packages=$2
include=$(sed 's/#.*//' "$packages" | tr -s ' \n' ',' | sed 's/^,//; s/,$//')
exclude=()
for path in doc man info locale; do exclude+=("--dpkgopt=path-exclude=/usr/share/$path/*"); done
mmdebstrap --variant=minbase "${exclude[@]}" --include="$include" trixie "$out/root"
rm -rf "$out"/root/var/cache/apt/archives/*.deb "$out"/root/var/lib/apt/lists/*
