/** Probes as data: what is asked of a service to prove that it serves. Runners stand beside this file, one per kind. */
import type { NtpLimits, NtpReading } from '../ntp/reading.ts';

/** An authoritative answer for a zone: SOA over UDP and TCP, `aa` set, and the serial where one is expected. */
export interface DnsZoneProbe {
  readonly kind: 'dns-zone';
  readonly server: string;
  readonly port: number;
  readonly zone: string;
  /** undefined: any serial. */
  readonly serial?: number;
}

/** version.bind CH TXT: the hash of the configuration that the server has loaded (roles/coredns). */
export interface DnsVersionProbe {
  readonly kind: 'dns-version';
  readonly server: string;
  readonly port: number;
  readonly expect: string;
}

/** A sample name. `expect`: rdata in presentation form that must be in the answer; undefined: any NOERROR answer. */
export interface DnsNameProbe {
  readonly kind: 'dns-name';
  readonly server: string;
  readonly port: number;
  readonly name: string;
  readonly type: string;
  readonly expect?: string;
}

export interface TcpProbe {
  readonly kind: 'tcp';
  readonly address: string;
  readonly port: number;
}

export interface HttpProbe {
  readonly kind: 'http';
  readonly url: string;
  /** Default 200. */
  readonly status?: number;
}

/** systemd says that the unit is active. Asked on the host itself, beside observing. */
export interface UnitProbe {
  readonly kind: 'unit';
  readonly unit: string;
}

/**
 * The time, as any client asks for it (UDP): an answer to this very question, synchronised, near enough to this machine's clock.
 * A server that serves its own clock passes with a warning.
 */
export interface NtpProbe extends NtpLimits {
  readonly kind: 'ntp';
  readonly server: string;
  readonly port: number;
  /** The server answers one client no oftener than this, s (chrony's `ratelimit`): whoever asks it steadily keeps to it. */
  readonly answersEverySec?: number;
}

/**
 * An offer of an address, asked for as a relay agent does (no right of root is needed, and the subnet need not be ours). Whoever of `servers`
 * offers is enough: of a pair only one answers each client. When nothing at all comes back the probe passes with `silent` and a warning: a
 * standby is silent by design, a firewall may keep us away, strangers may get no address; the servers' own account (HostProbe) decides then.
 */
export interface DhcpProbe {
  readonly kind: 'dhcp';
  /** IPv4 addresses of servers that stand in for each other. */
  readonly servers: readonly string[];
  /** 67. */
  readonly port: number;
  /** An address of the subnet in which the client is said to be, such as the server's own. */
  readonly link: string;
  /** `offer` leaves nothing behind; `lease` takes the lease, and gives it back. */
  readonly exchange: 'offer' | 'lease';
}

/** What a host says of its own service, asked by a program there over SSH: `chronyc tracking`, Kea's control channel. It must change nothing. */
export interface HostProbe {
  readonly kind: 'host';
  /** The host on which it runs; a host that is not connected fails the probe. */
  readonly host: string;
  readonly service: string;
  /** What is asked: `ha-heartbeat of kea-dhcp4`. */
  readonly name: string;
  /** Run as root. */
  readonly argv: readonly string[];
  readonly timeoutSec: number;
  /** Holds only for what this run describes (the hash of its configuration): not asked of peers, nor of earlier generations. */
  readonly ofDescription?: boolean;
  /** Pure. `code`: of the program; null when it was killed. */
  judge(answer: { readonly code: number | null; readonly stdout: string; readonly stderr: string }): {
    readonly ok: boolean;
    readonly detail: string;
    readonly warning?: string;
    readonly settling?: boolean;
  };
}

export type Probe =
  | DnsZoneProbe
  | DnsVersionProbe
  | DnsNameProbe
  | TcpProbe
  | HttpProbe
  | UnitProbe
  | NtpProbe
  | DhcpProbe
  | HostProbe;

export interface ProbeResult {
  readonly ok: boolean;
  /** The service in a word: `dns`, `ntp`. */
  readonly service: string;
  /** What was asked: `SOA example.com @192.0.2.12:53/udp`. */
  readonly name: string;
  /** What was seen: `serial 2026112002`, `no answer in 2 s (3 tries)`. */
  readonly detail: string;
  readonly tookMs: number;
  /** dns-zone: the serial in the answer. */
  readonly serial?: number;
  /** It passed, but people should know: `not synchronised to a source: serves its own clock`. */
  readonly warning?: string;
  /** Nothing came back over any transport: whether the service is there cannot be told from here (src/probes/via-host.ts). Passed: DhcpProbe. */
  readonly silent?: boolean;
  /** It failed, and is on its way: the service comes together with its partner, which serves its clients meanwhile. */
  readonly settling?: boolean;
  /** The host that was asked to ask, when this machine cannot reach the service. */
  readonly from?: string;
  /** ntp: what the answer says of the server's clock, also when the probe failed because of it. */
  readonly time?: NtpReading;
}
