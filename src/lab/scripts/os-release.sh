#!/usr/bin/env bash
# Prints /usr/lib/os-release of a release of the hosts' system. Usage: os-release.sh VERSION
set -euo pipefail
version=$1
cat <<END
NAME="Fedora Linux"
VERSION="$version (CoreOS)"
RELEASE_TYPE=stable
ID=fedora
VERSION_ID=${version%%.*}
PLATFORM_ID="platform:f${version%%.*}"
PRETTY_NAME="Fedora CoreOS $version (coreos-infra lab)"
VARIANT="CoreOS"
VARIANT_ID=coreos
OSTREE_VERSION='$version'
END
