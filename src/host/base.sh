# What every verb of the helper starts from: paths, the clock, the boot.
# shellcheck shell=bash disable=SC2034,SC2154

export LC_ALL=C
umask 077
shopt -s nullglob

STATE=/var/lib/coreos-infra
RUN=/run/coreos-infra
OPEN=$STATE/open
ETC_STAGE=/etc/.coreos-infra/open
VAR_STAGE=$STATE/stage
MARKER=/etc/coreos-infra/generation
# Zincati does not start while it is there; what it would take, for people.
ZINCATI_HELD=$STATE/zincati-held
LIBEXEC=/usr/local/libexec/coreos-infra

# uptime_seconds: sets REPLY to whole seconds since boot. The only clock that decides anything: it cannot be set.
uptime_seconds() {
  local text rest
  read -r text rest </proc/uptime
  REPLY=${text%%.*}
}

boot_id() {
  read -r REPLY </proc/sys/kernel/random/boot_id
}
