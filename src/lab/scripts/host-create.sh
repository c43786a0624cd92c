#!/usr/bin/env bash
# Installs one host: an ostree sysroot with its first deployment, and bounded disks for /var and /boot.
# Usage: host-create.sh OUT OS-REPO-FOLDER NAME REMOTE-URL HOST-KEYS-FOLDER USER-KEY.pub   (run by artifact.sh: private mounts, renamed when complete)
# Sizes: COREOS_INFRA_LAB_VAR_SIZE (default 2G), COREOS_INFRA_LAB_BOOT_SIZE (64M); the images are sparse.
set -euo pipefail
out=$1 os=$2 name=$3 url=$4 keys=$5 public_key=$6
sysroot=$out/sysroot stateroot=fedora-coreos branch=fedora/x86_64/coreos/stable
var=$sysroot/ostree/deploy/$stateroot/var

disk() { # disk IMAGE SIZE MOUNTPOINT
  truncate -s "$2" "$1"
  mkfs.ext4 -q -m0 -E lazy_itable_init=1,lazy_journal_init=1 "$1"
  mount -o loop "$1" "$3"
  rmdir "$3/lost+found"
}

mkdir -p "$sysroot"
ostree admin init-fs --modern "$sysroot" 2>/dev/null || ostree admin init-fs "$sysroot"
mkdir -p "$sysroot/boot"
disk "$out/boot.img" "${COREOS_INFRA_LAB_BOOT_SIZE:-64M}" "$sysroot/boot"
ostree admin --sysroot="$sysroot" os-init "$stateroot" >/dev/null
rm -rf "${var:?}"/*
disk "$out/var.img" "${COREOS_INFRA_LAB_VAR_SIZE:-2G}" "$var"
mkdir -p "$var"/{lib,log,tmp}
chmod 1777 "$var/tmp"

repo=$sysroot/ostree/repo
ostree --repo="$repo" config set core.fsync false
ostree --repo="$repo" remote add --if-not-exists --no-gpg-verify fedora "$url"
ostree --repo="$repo" pull-local --remote=fedora "$os/repo" "$branch" >/dev/null # hard links: no bytes are copied
ostree admin deploy --sysroot="$sysroot" --os="$stateroot" --karg=root=lab --karg=ignition.platform.id=qemu "fedora:$branch" >/dev/null
ostree --repo="$repo" config set core.fsync true # from here on it is the host's own

deployment=$(echo "$sysroot/ostree/deploy/$stateroot/deploy/"*.0)
echo "$name" >"$deployment/etc/hostname"
install -m 0600 "$keys"/ssh_host_*_key "$deployment/etc/ssh/"
install -m 0644 "$keys"/ssh_host_*_key.pub "$deployment/etc/ssh/"

# Automatic updates are off until somebody wants them in the lab, and ask the lab's own update graph.
mkdir -p "$deployment/etc/zincati/config.d"
printf '[cincinnati]\nbase_url = "%s"\n' "${url%/}" >"$deployment/etc/zincati/config.d/50-lab-graph.toml"
printf '[updates]\nenabled = false\n' >"$deployment/etc/zincati/config.d/90-lab-disabled.toml"

# The lab's registry speaks no TLS. Who trusts such a one on a real host says so in the same way.
registry=${url#*://}
mkdir -p "$deployment/etc/containers/registries.conf.d"
printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "${registry%/}" >"$deployment/etc/containers/registries.conf.d/90-lab.conf"

home=$var/home/core
mkdir -p "$home/.ssh/authorized_keys.d"
cp "$deployment/etc/skel/".[!.]* "$home/" 2>/dev/null || true
cp "$public_key" "$home/.ssh/authorized_keys.d/ignition"
chmod 0700 "$home" "$home/.ssh" "$home/.ssh/authorized_keys.d"
chmod 0600 "$home/.ssh/authorized_keys.d/ignition"
owner=$(sed -n 's/^core:[^:]*:\([0-9]*:[0-9]*\):.*/\1/p' "$deployment/etc/passwd")
chown -R "$owner" "$home"
