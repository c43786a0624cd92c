#!/usr/bin/env bash
# Fills a disk of a running host to the last byte, and frees it again. Usage: host-disk.sh fill|free PID-OF-INIT MOUNT
set -euo pipefail
verb=$1 folder=/proc/$2/root$3
file=$folder/.coreos-infra-lab-fill

fill() {
  local available block
  available=$(($(stat -f -c '%a * %S' "$folder"))) # df would look for the mount among this machine's
  # Most of it without writing; the rest in ever smaller pieces, since a last half block is enough for a small file.
  touch "$file"
  if [ "$available" -gt 4194304 ]; then fallocate -l $((available - 4194304)) "$file"; fi
  for block in 1M 4k 512; do
    dd if=/dev/zero of="$file" bs="$block" oflag=append conv=notrunc status=none 2>/dev/null || true
  done
  sync -f "$folder"
}

case $verb in
  fill) fill ;;
  free) rm -f "$file" ;;
  *) exit 64 ;;
esac
