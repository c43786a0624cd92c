#!/usr/bin/env bash
# The lab's wires: one bridge per network in this machine's own network namespace, one namespace and veth pair per host.
# Usage: network.sh bridge-up BRIDGE GATEWAY PREFIX SUBNET [OTHER-SUBNET …] | bridge-down BRIDGE SUBNET
#        network.sh host-up NETNS VETH INTERFACE MAC ADDRESS/PREFIX BRIDGE GATEWAY | host-down NETNS VETH
#        network.sh slow NETNS VETH BRIDGE RELAY-PROGRAM DELAY LOSS-PERCENT | fast NETNS VETH BRIDGE
# Every verb may be repeated. ip's -4 or -6 follows from the address.
set -euo pipefail
verb=$1
shift
between=10076 nowhere=10077 # preferences of our ip rules

family() { case $1 in *:*) echo -6 ;; *) echo -4 ;; esac }

bridge_up() {
  local bridge=$1 gateway=$2 prefix=$3 subnet=$4 f other
  shift 4
  f=$(family "$subnet")
  ip link show "$bridge" >/dev/null 2>&1 || ip link add "$bridge" type bridge
  # Stays when the bridge goes: nothing that is still sent to the lab may leave this machine by the default route.
  ip "$f" route replace unreachable "$subnet" metric 4096
  if [ "$f" = -6 ]; then ip -6 addr replace "$gateway/$prefix" dev "$bridge" nodad; else ip addr replace "$gateway/$prefix" dev "$bridge"; fi
  ip link set "$bridge" up
  [ "$f" = -4 ] || return 0
  # Forwarded: what goes to the lab's other networks. All else is answered "unreachable" at once and never leaves the machine.
  remove_rules "$bridge"
  for other in "$@"; do
    [ "$(family "$other")" = -6 ] || ip rule add pref "$between" iif "$bridge" to "$other" lookup main
  done
  ip rule add pref "$nowhere" iif "$bridge" unreachable
  echo 1 >"/proc/sys/net/ipv4/conf/$bridge/forwarding"
}

remove_rules() {
  while ip rule del pref "$nowhere" iif "$1" 2>/dev/null; do :; done
  while ip rule del pref "$between" iif "$1" 2>/dev/null; do :; done
}

bridge_down() {
  local bridge=$1 subnet=$2
  ip link del "$bridge" 2>/dev/null || true
  remove_rules "$bridge"
  ip "$(family "$subnet")" route del unreachable "$subnet" metric 4096 2>/dev/null || true
}

host_up() {
  local netns=$1 veth=$2 interface=$3 mac=$4 address=$5 bridge=$6 gateway=$7
  [ -e "/run/netns/$netns" ] || ip netns add "$netns"
  # A slow link whose relay is gone carries nothing.
  if [ -e "/run/netns/$netns~slow" ] && [ -z "$(ip netns pids "$netns~slow")" ]; then fast "$netns" "$veth" "$bridge"; fi
  if ! ip link show "$veth" >/dev/null 2>&1; then
    ip -n "$netns" link del "$interface" 2>/dev/null || true # half of what a killed command made
    ip link add "$veth" type veth peer name "$interface" address "$mac" netns "$netns"
    ip link set "$veth" up
  fi
  ip link set "$veth" master "$bridge"
  ip -n "$netns" link set lo up
  if [ "$(family "$address")" = -6 ]; then
    ip -n "$netns" -6 addr replace "$address" dev "$interface" nodad
    ip -n "$netns" link set "$interface" up
    ip -n "$netns" -6 route replace unreachable default metric 4096
  else
    ip -n "$netns" addr replace "$address" dev "$interface"
    ip -n "$netns" link set "$interface" up
    ip -n "$netns" route replace default via "$gateway"
  fi
}

host_down() {
  stop_relay "$1"
  ip netns del "$1~slow" 2>/dev/null || true
  ip link del "$2" 2>/dev/null || true
  ip netns del "$1" 2>/dev/null || true
}

# The host's veth goes into a namespace between, where a relay carries its frames to a new veth of the same name on the bridge.
slow() {
  local netns=$1 veth=$2 bridge=$3 relay=$4 delay=$5 loss=$6 middle=$1~slow state
  if [ ! -e "/run/netns/$middle" ]; then
    state=up
    if (("$(cat "/sys/class/net/$veth/flags")" % 2 == 0)); then state=down; fi # cut off, and to stay so
    ip netns add "$middle"
    ip netns exec "$middle" sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6'
    ip link set "$veth" netns "$middle" name host
    ip link add "$veth" type veth peer name wire netns "$middle"
    ip link set "$veth" master "$bridge" "$state"
    ip -n "$middle" link set host up
    ip -n "$middle" link set wire up
  fi
  stop_relay "$netns"
  setsid ip netns exec "$middle" "$relay" host wire "$delay" "$loss" </dev/null >/dev/null 2>&1 &
  local relay_pid=$!
  sleep 0.1
  kill -0 "$relay_pid"
}

fast() {
  local netns=$1 veth=$2 bridge=$3 middle=$1~slow state=up
  [ -e "/run/netns/$middle" ] || return 0
  stop_relay "$netns"
  if [ -e "/sys/class/net/$veth" ]; then
    if (("$(cat "/sys/class/net/$veth/flags")" % 2 == 0)); then state=down; fi
    ip link del "$veth"
  fi
  ip -n "$middle" link set host netns $$ name "$veth" 2>/dev/null || true
  if [ -e "/sys/class/net/$veth" ]; then ip link set "$veth" master "$bridge" "$state"; fi
  ip netns del "$middle"
}

stop_relay() {
  local pids
  while [ -e "/run/netns/$1~slow" ] && pids=$(ip netns pids "$1~slow") && [ -n "$pids" ]; do
    # shellcheck disable=SC2086 # one argument each
    kill -KILL $pids 2>/dev/null || true
    sleep 0.02
  done
}

case $verb in
  slow) slow "$@" ;;
  fast) fast "$@" ;;
  bridge-up) bridge_up "$@" ;;
  bridge-down) bridge_down "$@" ;;
  host-up) host_up "$@" ;;
  host-down) host_down "$@" ;;
  *) echo "network.sh: unknown verb $verb" >&2 && exit 64 ;;
esac
