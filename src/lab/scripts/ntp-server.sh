#!/usr/bin/env bash
# The network's time server, in the place of a router or of the world outside: chronyd on the gateway's address, on its own clock.
# Usage: ntp-server.sh FOLDER ROOT ADDRESS SHIFT   (FOLDER: its own; SHIFT: 0, or how wrong it is, such as +45s)
# It can neither read nor write this machine's configuration, and cannot set the clock: -x, and no CAP_SYS_TIME.
set -euo pipefail
if [ "${COREOS_INFRA_LAB_PRIVATE:-}" != 1 ]; then
  COREOS_INFRA_LAB_PRIVATE=1 exec unshare --mount --propagation private -- "$BASH" "$0" "$@"
fi
unset COREOS_INFRA_LAB_PRIVATE
folder=$1 root=$2 address=$3 shift=$4
mkdir -p "$folder/tree"
cat >"$folder/chrony.conf" <<CONF
bindaddress $address
allow
local stratum 2
cmdport 0
bindcmdaddress /
pidfile /run/chronyd.pid
CONF
false_time=()
if [ "$shift" != 0 ]; then
  library=$(cd "$root" && echo usr/lib/*/faketime/libfaketimeMT.so.1)
  false_time=("LD_PRELOAD=/$library" "FAKETIME=$shift" FAKETIME_DONT_FAKE_MONOTONIC=1)
fi
mount -t tmpfs tmpfs "$folder/tree"
# libfaketime names its shared memory by the process, and gives up where one that was killed has left that name.
mount -t tmpfs tmpfs /dev/shm
exec setpriv --bounding-set=-sys_time --inh-caps=-sys_time \
  "$BASH" "$(dirname "$0")/in-tree.sh" "$root" "$folder/tree" "$folder:$folder" -- \
  env "${false_time[@]}" chronyd -x -d -u root -f "$folder/chrony.conf"
