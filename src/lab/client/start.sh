#!/usr/bin/env bash
# What a lab's client runs first. Usage: start.sh dhcp|- COMMAND [ARG…]
# dhcp: takes a lease, whose address, route and resolvers then hold; the command gets it as $LEASE_IP, $LEASE_SERVER, $LEASE_ROUTER,
# $LEASE_DNS and $LEASE_NTP (the last two: addresses with spaces between).
set -euo pipefail
: >/etc/resolv.conf
if [ "$1" = dhcp ]; then
  busybox udhcpc -f -i eth0 -n -q -t 5 -T 1 -O ntpsrv -s /client/lease.sh >&2
  # shellcheck disable=SC1091 # lease.sh wrote it
  . /run/lease
fi
shift
exec "$@"
