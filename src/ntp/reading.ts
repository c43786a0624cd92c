/** What a server's answer says of its clock, measured against the clock of the one who asked, and whether that will do. Pure. */
import { isOwnClock, kissCode, type NtpPacket } from './packet.ts';
import { toUnixMs } from './timestamp.ts';

/** One answered question. Times are those of the asker's clock, ms since 1970. */
export interface Exchange {
  readonly sentMs: number;
  readonly reply: NtpPacket;
  readonly receivedMs: number;
}

export interface NtpReading {
  readonly stratum: number;
  /** The server's clock minus the asker's, ms. Wrong by half the round trip at most. */
  readonly offsetMs: number;
  /** The round trip without the time that the server took, ms. */
  readonly delayMs: number;
  /** How far the server's clock may be from true time by its own account: delay / 2 + dispersion, ms (RFC 5905 §11.2). */
  readonly rootDistanceMs: number;
  /** `source`: it follows a source; `own-clock`: it serves its own, or follows one that does; `none`: it says that it knows no time. */
  readonly follows: 'source' | 'own-clock' | 'none';
}

export interface NtpLimits {
  /** The stratum of a server on its own clock (chrony's `local stratum`): from it on nothing leads to a source. */
  readonly localStratum: number;
  /** Over it the server, or the machine that asks, has a wrong clock, ms. */
  readonly maxOffsetMs: number;
  /** ms. Clients ignore a server beyond their own limit: ntpd 1.5 s, chronyd 3 s. */
  readonly maxRootDistanceMs: number;
}

export interface NtpVerdict {
  readonly ok: boolean;
  /** What was seen, for people. */
  readonly detail: string;
  /** It serves, but people should know. */
  readonly warning?: string;
  /** Absent when the server refused to answer (kiss-o'-death). */
  readonly reading?: NtpReading;
}

/** RFC 5905 §8: T1 and T4 are ours, T2 and T3 the server's. */
export function readExchange({ sentMs, reply, receivedMs }: Exchange, localStratum: number): NtpReading {
  const arrivedMs = toUnixMs(reply.receive, receivedMs);
  const answeredMs = toUnixMs(reply.transmit, receivedMs);
  return {
    stratum: reply.stratum,
    offsetMs: (arrivedMs - sentMs + (answeredMs - receivedMs)) / 2,
    delayMs: Math.max(0, receivedMs - sentMs - (answeredMs - arrivedMs)),
    rootDistanceMs: (reply.rootDelaySec / 2 + reply.rootDispersionSec) * 1000,
    follows: followed(reply, localStratum),
  };
}

function followed(reply: NtpPacket, localStratum: number): NtpReading['follows'] {
  if (reply.leap === 3 || reply.stratum === 0 || reply.stratum >= 16) return 'none';
  return isOwnClock(reply) || reply.stratum >= localStratum ? 'own-clock' : 'source';
}

/** A server on its own clock passes, with a warning: cut off from its sources, the pair still serves one common time. */
export function judgeExchange(exchange: Exchange, limits: NtpLimits): NtpVerdict {
  const kiss = kissCode(exchange.reply);
  if (kiss !== undefined) return { ok: false, detail: `refuses to answer: kiss-o'-death ${kiss}${kissMeaning(kiss)}` };
  const reading = readExchange(exchange, limits.localStratum);
  const fail = (detail: string): NtpVerdict => ({ ok: false, detail, reading });
  if (reading.follows === 'none') {
    const { leap, stratum } = exchange.reply;
    return fail(`serves no time: not synchronised (leap ${leap}, stratum ${stratum})`);
  }
  if (exchange.reply.transmit === 0n) return fail('serves no time: its answer has no transmit timestamp');
  // Half the round trip may be an error of measurement, as on a busy machine.
  if (Math.abs(reading.offsetMs) - reading.delayMs / 2 > limits.maxOffsetMs)
    return fail(
      `its clock is ${formatMs(Math.abs(reading.offsetMs))} ${reading.offsetMs > 0 ? 'ahead of' : 'behind'} this machine's, ` +
        `${formatMs(limits.maxOffsetMs)} allowed: one of the two is wrong`,
    );
  if (reading.rootDistanceMs > limits.maxRootDistanceMs)
    return fail(
      `root distance ${formatMs(reading.rootDistanceMs)}, ${formatMs(limits.maxRootDistanceMs)} allowed: clients would not follow it`,
    );
  const seen = `${formatOffset(reading.offsetMs)}, stratum ${reading.stratum}`;
  if (reading.follows === 'source') return { ok: true, detail: `${seen}${leapWords(exchange.reply)}`, reading };
  const warning = isOwnClock(exchange.reply)
    ? 'not synchronised to a source: serves its own clock'
    : 'not synchronised to a source: follows a server that serves its own clock';
  return { ok: true, detail: `${warning} (${seen})`, warning, reading };
}

/** How far two servers' clocks are apart, ms: the asker's own clock, right or wrong, cancels out. */
export function apartMs(one: NtpReading, other: NtpReading): number {
  return Math.abs(one.offsetMs - other.offsetMs);
}

/** `+0.2 ms`, `−45.0 s`. */
export function formatOffset(ms: number): string {
  return `${ms < 0 ? '−' : '+'}${formatMs(Math.abs(ms))}`;
}

function formatMs(ms: number): string {
  return ms >= 1000 ? `${(ms / 1000).toFixed(1)} s` : `${ms.toFixed(1)} ms`;
}

function kissMeaning(code: string): string {
  if (code === 'RATE') return ' (it is asked too often)';
  return code === 'DENY' || code === 'RSTR' ? " (this machine's address is not allowed)" : '';
}

function leapWords({ leap }: NtpPacket): string {
  if (leap === 0) return '';
  return leap === 1 ? ', announces a leap second' : ', announces the removal of a second';
}
