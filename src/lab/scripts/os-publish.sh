#!/usr/bin/env bash
# Commits a later release of the hosts' system: the first one plus a few changed files. Usage: os-publish.sh FOLDER VERSION CHANGES branch|image
# FOLDER: repo, parent (see os-server.ts). CHANGES: a folder with what differs, laid over. Prints the commit's checksum and how many bytes differ.
# It is always the tip, and its time is now, as with real releases. What is in an image is on a branch that no host follows.
set -euo pipefail
folder=$1 version=$2 changes=$3
case $4 in
  branch) branch=fedora/x86_64/coreos/stable ;;
  image) branch=coreos-infra-lab/images ;;
  *) exit 64 ;;
esac
scripts=$(cd "$(dirname "$0")" && pwd)
repo=$folder/repo
first=$(cat "$(readlink -f "$folder/parent")/../checksum")

mkdir -p "$changes/usr/lib"
"$BASH" "$scripts/os-release.sh" "$version" >"$changes/usr/lib/os-release"
# A release has a kernel of its own, which takes its place in /boot.
modules=$changes/usr/lib/modules/6.12.0-lab
mkdir -p "$modules"
yes "coreos-infra lab initramfs $version" 2>/dev/null | head -c 8M >"$modules/initramfs.img" || true
chown -R 0:0 "$changes"
find "$changes" -type d -exec chmod 0755 {} +
# A checkout may have lost modes: what begins like a script is one.
find "$changes" -type f -exec chmod 0644 {} +
find "$changes" -type f -exec sh -c 'for f; do if head -c 2 "$f" | grep -q "^#!"; then chmod 0755 "$f"; fi; done' - {} +
bytes=$(du -sb "$changes" | cut -f1)

tip=$(ostree --repo="$repo" rev-parse "$branch" 2>/dev/null || echo "$first")
# No modifiers (owner, skip list): with one, every file of the tree would be read again.
commit=$(ostree --repo="$repo" commit --branch="$branch" --parent="$tip" --tree=ref="$first" --tree=dir="$changes" \
  --subject="$version" --add-metadata-string=version="$version")
ostree --repo="$repo" summary --update
echo "$commit $bytes"
