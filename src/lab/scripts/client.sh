#!/usr/bin/env bash
# Runs one command as a client on a lab's LAN: a network namespace of its own, with a cable (eth0, no address) to the bridge.
# Usage: client.sh BRIDGE VETH MAC FOLDER ROOT|- COMMAND [ARG…]
# ROOT: the command sees the lab's Debian tree for /, and what it writes there is gone afterwards; -: this machine's own files.
# Namespaces and cable have no names and hold nothing open: when this process dies, however it dies, the kernel takes them all.
set -euo pipefail
if [ "${COREOS_INFRA_LAB_CLIENT:-}" != 1 ]; then
  exec 8</proc/self/ns/net # the machine's own, for the other end of the cable
  COREOS_INFRA_LAB_CLIENT=1 exec unshare --net --mount --pid --fork --kill-child --propagation private -- "$BASH" "$0" "$@"
fi
unset COREOS_INFRA_LAB_CLIENT
bridge=$1 veth=$2 mac=$3 folder=$4 root=$5
shift 5
outside() { nsenter --net=/proc/self/fd/8 "$@"; }
ip link add eth0 address "$mac" type veth peer name "$veth" netns /proc/self/fd/8
outside ip link set "$veth" master "$bridge" up
ip link set lo up
ip link set eth0 up
ip route add default dev eth0 # so that a client without an address can broadcast

# Not exec: process 1 of a namespace is deaf to signals, and the command shall not be.
if [ "$root" = - ]; then
  "$@" 8<&-
else
  mkdir -p "$folder"
  mount -t tmpfs tmpfs "$folder"
  "$BASH" "$(dirname "$0")/in-tree.sh" "$root" "$folder/scratch" "$(dirname "$0")/../client:/client" -- "$@" 8<&-
fi
