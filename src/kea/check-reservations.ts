/** Reservations: whom they are for, and what they give. Pure. */
import { holds, parseAddress, parseNetwork } from './addresses.ts';
import type { KeaConfig, Reservation, Subnet } from './model.ts';
import type { Refuse } from './problems.ts';

type Path = readonly (string | number)[];

export function checkReservations({ subnets, family }: KeaConfig, at: string, refuse: Refuse): void {
  for (const [index, subnet] of subnets.entries()) {
    const seen: Seen = { clients: new Map(), addresses: new Map() };
    for (const [n, reservation] of subnet.reservations.entries()) {
      const path = [at, index, 'reservations', n];
      checkOne(family, subnet, reservation, path, refuse);
      checkAgain(reservation, n, seen, path, refuse);
    }
  }
}

interface Seen {
  /** By identifier and value, by address: place in the list. */
  readonly clients: Map<string, number>;
  readonly addresses: Map<string, number>;
}

function checkOne(
  family: KeaConfig['family'],
  subnet: Subnet,
  reservation: Reservation,
  path: Path,
  refuse: Refuse,
): void {
  const network = parseNetwork(subnet.subnet);
  const { identifier, value } = reservation;
  if (!isIdentifier(identifier, value))
    refuse({
      path,
      value,
      message: `"${value}" is no ${identifier}`,
      remedy:
        identifier === 'hw-address'
          ? 'Write six pairs of hexadecimal digits: 00:53:00:12:34:56.'
          : 'Write pairs of hexadecimal digits with colons.',
    });
  for (const address of reservation.addresses) {
    const parsed = parseAddress(address);
    if (parsed?.family !== family)
      refuse({ path, value: address, message: `"${address}" is no IPv${family} address`, remedy: 'Correct it.' });
    else if (network !== undefined && !holds(network, parsed))
      refuse({
        path,
        value: address,
        message: `the reserved address ${address} is not in ${subnet.subnet}`,
        remedy: 'Correct the address, or put the reservation into its own subnet.',
      });
  }
  for (const prefix of reservation.prefixes)
    if (parseNetwork(prefix)?.family !== 6)
      refuse({
        path,
        value: prefix,
        message: `"${prefix}" is no IPv6 prefix`,
        remedy: 'Write it like 2001:db8:8:100::/56.',
      });
}

function checkAgain(reservation: Reservation, n: number, seen: Seen, path: Path, refuse: Refuse): void {
  const client = `${reservation.identifier} ${canonical(reservation.value)}`;
  const before = seen.clients.get(client);
  if (before !== undefined)
    refuse({
      path,
      value: reservation.value,
      message: `${reservation.identifier} ${reservation.value} has two reservations in this subnet`,
      remedy: `Keep one of the two (the other is number ${before + 1} of the list).`,
    });
  seen.clients.set(client, before ?? n);
  for (const address of reservation.addresses) {
    const key = String(parseAddress(address)?.value ?? address);
    const other = seen.addresses.get(key);
    if (other !== undefined)
      refuse({
        path,
        value: address,
        message: `${address} is reserved twice in this subnet`,
        remedy: `Give each client an address of its own (the other is number ${other + 1} of the list).`,
      });
    seen.addresses.set(key, other ?? n);
  }
}

/** Kea takes bytes with colons, blanks or nothing in between, and client ids also as quoted text. */
function isIdentifier(identifier: Reservation['identifier'], value: string): boolean {
  if (identifier === 'hw-address') return /^(?:[0-9A-Fa-f]{2}:){5,19}[0-9A-Fa-f]{2}$/.test(value);
  return (
    /^(?:[0-9A-Fa-f]{2}:?){1,128}$/.test(value) ||
    (identifier !== 'duid' && /^'[\x20-\x26\x28-\x7e]{1,128}'$/.test(value))
  );
}

function canonical(value: string): string {
  return value.startsWith("'")
    ? Buffer.from(value.slice(1, -1)).toString('hex')
    : value.replaceAll(':', '').toLowerCase();
}
