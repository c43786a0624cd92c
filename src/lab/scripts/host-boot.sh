#!/usr/bin/env bash
# Firmware and boot loader of one host: boots what the default BLS entry says, and again whenever the host asks for a reboot or dies.
# Usage: host-boot.sh HOST-FOLDER HOST-NAME MACHINE-NAME NETNS IMAGE-STORE
# Ends when the host powers itself off. HOST-FOLDER/booted names the deployment, /console holds what PID 1 prints.
set -uo pipefail
folder=$1 name=$2 machine=$3 netns=$4 images=$5
sysroot=$folder/sysroot
var=$sysroot/ostree/deploy/fedora-coreos/var
scripts=$(cd "$(dirname "$0")" && pwd)
rebooted=133 # nspawn's exit code for "the host asked for a reboot"

private_mounts() {
  [ "${COREOS_INFRA_LAB_PRIVATE:-}" != 1 ] || return 0
  # The host's disks are mounted for this process and its children only: when they are gone, so are mounts and loop devices.
  COREOS_INFRA_LAB_PRIVATE=1 exec unshare --mount --propagation private -- "$BASH" "$0" "$@"
}

power_on() {
  exec 9>"$folder/boot.lock"
  # Another one is at work; or about to end, which this waits for.
  flock --timeout 5 9 || exit 0
  mount -o loop "$folder/var.img" "$var" && mount -o loop "$folder/boot.img" "$sysroot/boot" || exit 1
  : >"$folder/ostree-booted"
  "$BASH" "$scripts/host-cgroup.sh" enter "$machine" $$ || exit 1
}

# nspawn may have died before its host: two of them on one disk would ruin it.
end_predecessor() {
  local pids
  while pids=$(ip netns pids "$netns") && [ -n "$pids" ]; do
    # shellcheck disable=SC2086 # one argument each
    kill -KILL $pids 2>/dev/null
    sleep 0.05
  done
}

# The default entry: the last by name. `run lab boot --entry N` stands for somebody at the console who picks the Nth below it, once.
boot_entry() {
  local below=0
  if [ -e "$folder/next-entry" ]; then
    below=$(cat "$folder/next-entry")
    rm -f "$folder/next-entry"
  fi
  find "$sysroot/boot/loader/entries/" -name '*.conf' | sort -V | tail -n $((below + 1)) | head -n 1
}

boot() {
  local entry options deployment version
  entry=$(boot_entry)
  options=$(sed -n 's/^options //p' "$entry")
  deployment=$(readlink -f "$sysroot$(sed -n 's/.*ostree=\([^ ]*\).*/\1/p' <<<"$options")")
  version=$(sed -n "s/^OSTREE_VERSION='\\(.*\\)'/\\1/p" "$deployment/usr/lib/os-release")
  printf '%s %s\n' "$(basename "$deployment")" "$version" >"$folder/booted.new"
  mv "$folder/booted.new" "$folder/booted"
  echo "lab: booting $deployment ($version)"
  # A wrong clock (host-clock.sh) ends here: PID 1 does not start with it.
  rm -f "$deployment"/etc/{ld.so.preload,faketimerc,containers/containers.conf.d/90-lab-clock.conf}
  printf '%s\n' "$options" >"$folder/cmdline"
  # CAP_SYS_TIME: there is one clock for all hosts, the machine's, and no host may set it.
  # shellcheck disable=SC2086 # one argument each
  SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 SYSTEMD_NSPAWN_API_VFS_WRITABLE=network systemd-nspawn \
    --quiet --register=no --keep-unit --boot --machine="$machine" --hostname="$name" --directory="$deployment" \
    --network-namespace-path="/run/netns/$netns" --resolv-conf=off --timezone=off --link-journal=no --console=pipe \
    --capability=all --drop-capability=CAP_SYS_TIME --system-call-filter='@keyring bpf add_key keyctl' --bind=/dev/fuse \
    --bind="$sysroot:/sysroot" --bind="$var:/var" --bind="$sysroot/boot:/boot" \
    --bind-ro="$deployment/usr:/usr" --bind-ro="$images:/usr/lib/coreos-infra-lab/images" \
    --bind-ro="$folder/ostree-booted:/run/ostree-booted" \
    --bind-ro="$folder/cmdline:/run/host/coreos-infra-lab-cmdline" \
    $options 9>&- </dev/null # PID 1 gets the options: in a container systemd takes them for the kernel's
}

# A host that died (a power cut: its PID 1 was killed) comes back, unless it is to stay off; one that switched itself off stays off.
main() {
  private_mounts "$@"
  unset COREOS_INFRA_LAB_PRIVATE
  power_on
  local code started
  while :; do
    end_predecessor
    started=$SECONDS
    boot
    code=$?
    echo "lab: host ended with $code"
    if [ "$code" = 0 ] || [ -e "$folder/stay-off" ]; then break; fi
    # One that dies as soon as it starts shall not keep the machine busy.
    if [ "$code" != "$rebooted" ] && [ $((SECONDS - started)) -lt 3 ]; then sleep 2; fi
  done
}

main "$@"; exit # on one line: nothing more is read from this file while it runs
