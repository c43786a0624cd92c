#!/usr/bin/env bash
# Makes the build context of the CoreDNS image: the program, with the plugins of main.go, and the Containerfile.
# Usage: build.sh CONTEXT TAG BASE GO-PROGRAM-SCRIPT | build.sh --builds-outside GO-PROGRAM-SCRIPT
set -euo pipefail
source=$(cd "$(dirname "$0")" && pwd)
if [ "$1" = --builds-outside ]; then exec "$BASH" "$2" --builds-outside "$source"; fi
context=$1 tag=$2 base=$3 go_program=$4
"$BASH" "$go_program" "$context" "$source" coredns "github.com/coredns/coredns@v$tag" "$base"
setcap cap_net_bind_service=+ep "$context/coredns"
cp "$source/Containerfile" "$context/"
