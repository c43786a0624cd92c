#!/usr/bin/env bash
# Builds sops and age-keygen for tests: two to three minutes of one core, once a machine (src/lab/artifacts.ts caches the folder).
# Usage: sops.sh OUT SOPS_VERSION AGE_VERSION
set -euo pipefail
export GOBIN=$1/bin CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS=-modcacherw
export HOME=${HOME:-/root}
install() { nice -n 19 go install -trimpath -ldflags='-s -w' "$1"; }
install "github.com/getsops/sops/v3/cmd/sops@$2"
install "filippo.io/age/cmd/age-keygen@$3"
