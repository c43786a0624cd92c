#!/usr/bin/env bash
# Makes a running host's clock wrong, or right again. Usage: host-clock.sh PID-OF-INIT SHIFT   (SHIFT: 0, +45s, -90s)
# There is one clock for all, the kernel's: programs on the host, and those in its containers, are lied to by libfaketime when they start.
# What is running keeps its time until it is started anew: done here for chronyd and Kea, whose names are printed. A host boots right again.
set -euo pipefail
if [ "$1" != inside ]; then
  exec nsenter --target "$1" --mount --uts --ipc --net --pid -- /bin/bash -s inside "$2" <"$0"
fi
shift_by=$2
library=$(echo /usr/lib/*/faketime/libfaketimeMT.so.1)
state=/run/coreos-infra-lab-clock # containers read the shift here, so that it changes while they run
containers=/etc/containers/containers.conf.d/90-lab-clock.conf
rm -f /etc/ld.so.preload # nothing below shall be lied to
mkdir -p "$state" "${containers%/*}"
[ "$shift_by" != 0 ] || shift_by=+0s
echo "$shift_by" >"$state/shift.new"
mv "$state/shift.new" "$state/shift"

restart=(chronyd.service)
for unit in kea-dhcp4.service kea-dhcp6.service; do
  # A container that was started with a false clock follows the file by itself.
  if systemctl is-active --quiet "$unit" && [ ! -e "$containers" ]; then restart+=("$unit"); fi
done
if [ "$shift_by" = +0s ]; then
  rm -f /etc/faketimerc
  restart=(chronyd.service)
else
  echo "$shift_by" >/etc/faketimerc
  cat >"$containers" <<EOF2
[containers]
env = ["LD_PRELOAD=$library", "FAKETIME_TIMESTAMP_FILE=$state/shift", "FAKETIME_NO_CACHE=1", "FAKETIME_DONT_FAKE_MONOTONIC=1"]
volumes = ["${library%/*}:${library%/*}:ro", "$state:$state:ro"]
EOF2
  echo "$library" >/etc/ld.so.preload.new
  mv /etc/ld.so.preload.new /etc/ld.so.preload
fi
systemctl restart "${restart[@]}"
printf '%s\n' "${restart[@]}"
