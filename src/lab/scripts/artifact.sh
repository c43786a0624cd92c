#!/usr/bin/env bash
# Builds one cached artifact: under a lock, in a scratch folder beside it, renamed into place when complete.
# Usage: artifact.sh OUT SCRIPT [ARG…]   (SCRIPT gets the scratch folder as its first argument)
# The lock lives as long as the build does, also when whoever asked for it is killed: a second one waits and finds the result.
set -euo pipefail
out=$1 script=$2
shift 2

if [ "${COREOS_INFRA_LAB_PRIVATE:-}" != 1 ]; then
  # Mounts of a build (proc in a root tree) are seen by nobody else, and end with it, however it ends.
  COREOS_INFRA_LAB_PRIVATE=1 exec unshare --mount --propagation private -- "$BASH" "$0" "$out" "$script" "$@"
fi

mkdir -p "$(dirname "$out")"
exec 9>"$out.lock"
flock 9
[ -e "$out" ] && exit 0
remove() { "$BASH" "$(dirname "$0")/remove.sh" "$out.tmp"; }
remove # what a killed one left
trap remove EXIT
mkdir "$out.tmp"
"$BASH" "$script" "$out.tmp" "$@" </dev/null
mv -T "$out.tmp" "$out"
