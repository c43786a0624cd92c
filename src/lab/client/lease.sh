#!/usr/bin/env bash
# Called by udhcpc when something happened to its lease ($1), with the lease in the environment.
set -euo pipefail
# shellcheck disable=SC2154 # udhcpc's variables
case $1 in
  bound | renew)
    ip address flush dev "$interface"
    ip address add "$ip/${mask:-24}" dev "$interface"
    ip route replace default ${router:+via "${router%% *}"} dev "$interface"
    for server in ${dns:-}; do echo "nameserver $server"; done >/etc/resolv.conf
    printf 'export LEASE_IP=%q LEASE_SERVER=%q LEASE_ROUTER=%q LEASE_DNS=%q LEASE_NTP=%q\n' \
      "$ip" "${serverid:-}" "${router:-}" "${dns:-}" "${ntpsrv:-}" >/run/lease
    echo "lease: $ip from ${serverid:-?} for ${lease:-?} s, router ${router:-none}, dns ${dns:-none}, ntp ${ntpsrv:-none}"
    ;;
esac
