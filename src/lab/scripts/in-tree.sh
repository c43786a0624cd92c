#!/usr/bin/env bash
# Runs one command inside a root tree, in mounts of its own; what it writes outside the bound folders is thrown away.
# Usage: in-tree.sh ROOT SCRATCH [OUTSIDE:INSIDE …] -- COMMAND [ARG…]
set -euo pipefail
if [ "${COREOS_INFRA_LAB_INTREE:-}" != 1 ]; then
  COREOS_INFRA_LAB_INTREE=1 exec unshare --mount --propagation private -- "$BASH" "$0" "$@"
fi
unset COREOS_INFRA_LAB_INTREE
root=$1 scratch=$2
shift 2
mkdir -p "$scratch"/{upper,work,merged}
tree=$scratch/merged
mount -t overlay overlay -o "lowerdir=$root,upperdir=$scratch/upper,workdir=$scratch/work" "$tree"
mount -t proc proc "$tree/proc"
mount --rbind /sys "$tree/sys"
mount --rbind /dev "$tree/dev"
mount -t tmpfs tmpfs "$tree/run"
mount -t tmpfs tmpfs "$tree/tmp"
rm -f "$tree/etc/resolv.conf"
cp -L /etc/resolv.conf "$tree/etc/resolv.conf" 2>/dev/null || true
# This machine's certificate authorities, and not the tree's: there may be a proxy of its own between it and the world.
if [ -r "${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}" ]; then
  cp -L "${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}" "$tree/etc/ssl/certs/ca-certificates.crt"
  unset SSL_CERT_FILE
fi
while [ "$1" != -- ]; do
  mkdir -p "$tree${1#*:}"
  mount --bind "${1%%:*}" "$tree${1#*:}"
  shift
done
shift
exec chroot "$tree" "$@"
