#!/usr/bin/env bash
# Compiles a static Go program, with this machine's Go where it is new enough, else with Debian's backport in the lab's root tree.
# Usage: go-program.sh OUT SOURCE PROGRAM MODULE@VERSION|- BASE | go-program.sh --builds-outside SOURCE
# MODULE@VERSION: the module that the program is about; another version than go.mod pins is resolved anew.
set -euo pipefail

# Whether this machine's own Go is new enough for the source in $1.
builds_outside() {
  local wanted have
  wanted=$(sed -n 's/^go //p' "$1/go.mod")
  have=$(GOTOOLCHAIN=local go env GOVERSION 2>/dev/null | sed 's/^go//')
  [ -n "$have" ] && printf '%s\n' "$wanted" "$have" | sort -VC
}

if [ "$1" = --builds-outside ]; then
  builds_outside "$2"
  exit
fi

out=$1 source=$2 program=$3 module=$4 base=$5
in_tree=$(dirname "$0")/in-tree.sh
mkdir -p "$out/src"
cp "$source"/*.go "$source"/go.* "$out/src/"

cat >"$out/src/compile.sh" <<'EOF'
set -e
cd "$1"
export CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS=-modcacherw
if [ "$3" != - ] && ! grep -qx "require ${3%@*} ${3#*@}" go.mod; then
  name=$(sed -n 's/^module //p' go.mod)
  rm -f go.mod go.sum # what they pin belongs to the other version
  go mod init "$name"
  go get "$3"
  go mod tidy
fi
go build -trimpath -ldflags='-s -w' -o "$2" .
EOF

cat >"$out/src/in-tree.sh" <<'EOF'
set -e
export DEBIAN_FRONTEND=noninteractive HOME=/tmp/build
# The tree's own package sources, and the backports suite beside them.
for list in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
  [ -e "$list" ] || continue
  sed -E '/security|-updates/d; s/\<trixie\>/trixie-backports/' "$list" >/tmp/backports
  cat /tmp/backports >>"$list"
done
apt-get update -q
apt-get install -q -y --no-install-recommends -t trixie-backports golang-go
sh /src/compile.sh /src "$1" "$2"
EOF

if builds_outside "$source"; then
  sh "$out/src/compile.sh" "$out/src" "$program" "$module"
else
  "$BASH" "$in_tree" "$base/root" "$out/scratch" "$out/src:/src" -- /bin/sh /src/in-tree.sh "$program" "$module"
  rm -rf "$out/scratch"
fi
mv "$out/src/$program" "$out/$program"
rm -rf "$out/src"
