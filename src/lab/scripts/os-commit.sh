#!/usr/bin/env bash
# Turns the root tree into an ostree commit, as CoreOS lays it out. Usage: os-commit.sh OUT BASE OVERLAY VERSION LAB-OS-PROGRAM
# Leaves OUT/repo (bare: hosts hard-link from it) and OUT/checksum.
set -euo pipefail
out=$1 base=$2 overlay=$3 version=$4 program=$5
scripts=$(cd "$(dirname "$0")" && pwd)
branch=fedora/x86_64/coreos/stable
kernel=6.12.0-lab
tree=$out/tree

copy() {
  cp -a --reflink=auto "$base/root" "$tree"
  cp -R --no-preserve=ownership --remove-destination "$overlay/." "$tree/"
  cd "$tree"
}

users() {
  groupadd -R "$tree" -r wheel
  useradd -R "$tree" -m -d /var/home/core -s /bin/bash -c 'CoreOS Admin' -G wheel,sudo,adm,systemd-journal core
  useradd -R "$tree" -r -M -d / -s /usr/sbin/nologin -c 'Zincati user for auto-updates' zincati
  chmod 0440 etc/sudoers.d/*
}

# What Debian brings and CoreOS does not have, or has under another name.
trim() {
  rm -f etc/hostname etc/ssh/ssh_host_* etc/motd etc/apt/sources.list etc/apt/sources.list.d/*
  rm -f usr/lib/tmpfiles.d/{home,provision}.conf # they speak of /home and /root, which are symlinks here
  rm -f usr/bin/busybox # the lab's client has it, CoreOS does not
  rm -f usr/lib/systemd/system/chrony.service etc/systemd/system/chronyd.service
  mv usr/lib/systemd/system/ssh.service usr/lib/systemd/system/sshd.service
  sed -i '/^Alias=/d' usr/lib/systemd/system/sshd.service
  # These would start sshd and chronyd a second time.
  rm -rf etc/init.d etc/rc?.d usr/lib/systemd/system-generators/systemd-{sysv,ssh}-generator
  rm -rf etc/systemd/system/{sshd.service,*.wants}
  mkdir -p etc/systemd/system/{multi-user,sysinit,sockets,timers}.target.wants
  ln -s /usr/lib/systemd/system/{sshd,chronyd}.service etc/systemd/system/multi-user.target.wants/
  ln -s /usr/lib/systemd/system/systemd-resolved.service etc/systemd/system/sysinit.target.wants/
  ln -sf /usr/lib/systemd/system/systemd-resolved.service etc/systemd/system/dbus-org.freedesktop.resolve1.service
  ln -sf ../run/systemd/resolve/stub-resolv.conf etc/resolv.conf
  # user@: sessions and shutdowns hang with it in a container; modules-load: there is no kmod here; consoles: there are none.
  for unit in systemd-modules-load.service user@.service console-getty.service getty.target \
    systemd-networkd-wait-online.service sshd-keygen.service; do
    ln -sf /dev/null "etc/systemd/system/$unit"
  done
  [ -e usr/libexec/podman/quadlet ] || ln -s ../../lib/podman/quadlet usr/libexec/podman/quadlet
}

# rpm-ostree, Zincati and newer ostree's `admin status --json`: the one program of a lab host that is not real.
stand_in() {
  mkdir -p usr/lib/coreos-infra-lab usr/lib/zincati/config.d
  mv usr/bin/ostree usr/lib/coreos-infra-lab/ostree
  install -m 0755 "$program/lab-os" usr/bin/rpm-ostree
  ln usr/bin/rpm-ostree usr/bin/rpm-ostreed
  ln usr/bin/rpm-ostree usr/bin/ostree
  mkdir -p usr/libexec
  ln usr/bin/rpm-ostree usr/libexec/zincati
  ln -s /usr/lib/systemd/system/rpm-ostreed.socket etc/systemd/system/sockets.target.wants/
  ln -s /usr/lib/systemd/system/coreos-infra-lab-cmdline.service etc/systemd/system/sysinit.target.wants/
  # ostree's generator would ask for it where the kernel's command line has ostree=.
  ln -s /usr/lib/systemd/system/{ostree-boot-complete,zincati}.service etc/systemd/system/multi-user.target.wants/
}

name_the_os() {
  rm -f etc/os-release
  ln -s ../usr/lib/os-release etc/os-release
  "$BASH" "$scripts/os-release.sh" "$version" >usr/lib/os-release
}

# The folders of an ostree host: /etc is a default, what changes lies in /var, the rest is read-only.
lay_out() {
  mkdir -p "usr/lib/modules/$kernel"
  yes 'coreos-infra lab kernel' 2>/dev/null | head -c 4M >"usr/lib/modules/$kernel/vmlinuz" || true
  yes 'coreos-infra lab initramfs' 2>/dev/null | head -c 8M >"usr/lib/modules/$kernel/initramfs.img" || true
  rm -rf usr/local opt mnt home srv root boot var tmp media dev proc sys run
  mkdir -p sysroot boot var tmp dev proc sys run usr/lib/coreos-infra-lab/images
  for folder in home srv opt mnt; do ln -s "var/$folder" "$folder"; done
  ln -s var/roothome root
  ln -s run/media media
  ln -s ../var/usrlocal usr/local
  ln -s sysroot/ostree ostree
  : >etc/machine-id
  # Last: nothing on a host may come to rely on perl, which CoreOS does not have.
  rm -rf usr/bin/perl* usr/share/perl* usr/lib/*-linux-gnu/perl*
  mv etc usr/etc
}

copy
users
trim
stand_in
name_the_os
lay_out
cd "$out"
ostree --repo=repo init --mode=bare
ostree --repo=repo config set core.fsync false
ostree --repo=repo commit --consume -b "$branch" --tree=dir=tree -s "$version" --add-metadata-string=version="$version" >checksum
rm -rf tree
