#!/usr/bin/env bash
# Fills /rootfs with Kea of one version. Usage: rootfs.sh VERSION   (run inside the root tree by build.sh)
set -euo pipefail
version=$1
packages=(kea-dhcp4-server kea-dhcp6-server)
hooks=/usr/lib/kea/hooks # where upstream's image has them; Debian's own folder has the architecture in it

# The tree's own package sources, and the backports suite beside them.
sources() {
  local list
  for list in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
    [ -e "$list" ] || continue
    sed -E '/security|-updates/d; s/\<trixie\>/trixie-backports/' "$list" >/tmp/backports
    cat /tmp/backports >>"$list"
  done
  apt-get update -q
}

# Debian's version of the packages that is upstream's $version; the newest revision of it comes first.
debian_version() {
  apt-cache madison "${packages[0]}" | awk -F' *\\| *' -v version="$version" '
    { split($2, part, "-") }
    part[1] == version && !found { print found = $2 }'
}

# Unpacked only: nothing of Debian's set-up (users, units) is wanted, and nothing is to be started.
unpack() {
  local wanted deb
  wanted=$(debian_version)
  if [ -z "$wanted" ]; then
    echo "Debian has no Kea $version, but: $(apt-cache madison "${packages[0]}" | awk '{ print $3 }' | sort -u | xargs)" >&2
    exit 1
  fi
  apt-get install -q -y --no-install-recommends --download-only -o Dir::Cache::archives=/tmp \
    "${packages[@]/%/=$wanted}" "kea-common=$wanted"
  for deb in /tmp/*.deb; do dpkg-deb --extract "$deb" /; done
  ldconfig
}

# Programs and libraries, and everything that they link to, at the same paths.
take() {
  {
    printf '%s\n' "$@"
    ldd "$@" | sed -nE 's/.*[[:space:]](\/[^ :]+) .*/\1/p'
  } | sed 's|^/lib|/usr/lib|' | sort -u | xargs cp --parents --dereference --target-directory=/rootfs
}

sources
unpack
mkdir -p /rootfs/{etc/kea,run/kea,var/lib/kea,var/log/kea,tmp,proc,sys,dev,usr/{bin,lib,lib64,sbin}}
for folder in bin lib lib64 sbin; do ln -s "usr/$folder" "/rootfs/$folder"; done
ln -s ../run /rootfs/var/run
rm -f /usr/lib/*/kea/hooks/libdhcp_{mysql,pgsql}.so # upstream has them in packages of their own, and their libraries are large
take /usr/sbin/kea-{dhcp4,dhcp6,lfc} /usr/lib/*/kea/hooks/*.so
mkdir -p "/rootfs${hooks%/*}"
mv /rootfs/usr/lib/*-linux-gnu/kea/hooks "/rootfs$hooks"
rm -rf /rootfs/usr/lib/*-linux-gnu/kea
chmod 1777 /rootfs/tmp
chmod 0750 /rootfs/run/kea /rootfs/var/lib/kea # Kea refuses a folder for its socket that others may enter
echo 'root:x:0:0:root:/:/usr/sbin/nologin' >/rootfs/etc/passwd
echo 'root:x:0:' >/rootfs/etc/group
said=$(chroot /rootfs /usr/sbin/kea-dhcp4 -v)
if [ "$said" != "$version" ]; then
  echo "kea-dhcp4 says that it is $said, not $version" >&2
  exit 1
fi
