/** What one Kea server is to do: checked values, whatever release it is and whoever wrote them. */
import type { Family } from './addresses.ts';
import type { KeaVersion } from './version.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** As Kea's `option-data`. */
export interface OptionData {
  readonly name?: string;
  readonly code?: number;
  /** Default dhcp4 or dhcp6. */
  readonly space?: string;
  readonly data?: string;
  /** false: `data` is hexadecimal. */
  readonly csvFormat?: boolean;
  /** Sent also when the client did not ask for it. */
  readonly alwaysSend?: boolean;
}

export interface BootFields {
  /** IPv4: the TFTP server, `siaddr`. */
  readonly nextServer?: string;
  /** IPv4: the `file` field. */
  readonly bootFileName?: string;
}

export interface ClientClass extends BootFields {
  readonly name: string;
  /** Kea's expression; without one the class is given by reservations or hooks. */
  readonly test?: string;
  readonly options: readonly OptionData[];
  /** Evaluated only where a subnet or pool asks for it. */
  readonly onlyAdditional: boolean;
}

export interface Pool {
  /** `192.0.2.100 - 192.0.2.199` or a network. */
  readonly range: string;
  readonly options: readonly OptionData[];
  /** Only clients of one of these classes. */
  readonly clientClasses: readonly string[];
}

/** IPv6 prefix delegation. */
export interface PdPool {
  readonly prefix: string;
  readonly delegatedLength: number;
}

export interface Reservation extends BootFields {
  readonly identifier: 'hw-address' | 'client-id' | 'duid' | 'circuit-id' | 'flex-id';
  readonly value: string;
  /** IPv4: at most one. */
  readonly addresses: readonly string[];
  readonly prefixes: readonly string[];
  readonly hostname?: string;
  readonly options: readonly OptionData[];
  readonly clientClasses: readonly string[];
}

export interface Subnet extends BootFields {
  /** Never changed, never used again: leases name it. */
  readonly id: number;
  /** In CIDR form. */
  readonly subnet: string;
  readonly pools: readonly Pool[];
  readonly pdPools: readonly PdPool[];
  readonly options: readonly OptionData[];
  readonly reservations: readonly Reservation[];
  readonly clientClasses: readonly string[];
  readonly additionalClasses: readonly string[];
  readonly relays: readonly string[];
  readonly interface?: string;
  readonly validLifetimeSec?: number;
}

export type HaMode = 'hot-standby' | 'load-balancing';

export interface HaPeer {
  readonly name: string;
  /** IP address: Kea takes no names here. */
  readonly address: string;
  readonly role: 'primary' | 'standby' | 'secondary';
}

export interface HaSettings {
  readonly mode: HaMode;
  readonly thisServer: string;
  readonly peers: readonly [HaPeer, HaPeer];
  readonly port: number;
  readonly heartbeatMs: number;
  readonly maxResponseDelayMs: number;
  readonly maxAckDelayMs: number;
  readonly maxUnackedClients: number;
  readonly maxRejectedLeaseUpdates: number;
}

export interface Hook {
  /** Bare file name: Kea knows the folder. */
  readonly library: string;
  readonly parameters?: JsonObject;
}

export interface KeaConfig {
  readonly family: Family;
  readonly version: KeaVersion;
  readonly interfaces: readonly string[];
  /** `udp`: only relayed clients, no raw sockets. */
  readonly socketType: 'raw' | 'udp';
  readonly authoritative: boolean;
  readonly validLifetimeSec: number;
  readonly renewSec?: number;
  readonly rebindSec?: number;
  readonly lfcIntervalSec: number;
  readonly logSeverity: string;
  readonly options: readonly OptionData[];
  readonly classes: readonly ClientClass[];
  readonly subnets: readonly Subnet[];
  readonly hooks: readonly Hook[];
  /** undefined: one server alone. */
  readonly ha?: HaSettings;
  /** Further top-level keys, as Kea names them. */
  readonly extra: JsonObject;
}
