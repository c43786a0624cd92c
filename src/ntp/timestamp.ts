/** NTP timestamps (RFC 5905 §6): 64 bits, seconds since 1900 and a binary fraction, wrapping in 2036. Pure. */

/** Seconds from 1900-01-01 to 1970-01-01. */
const UNIX_EPOCH_SEC = 2_208_988_800;
/** 2^32 s: after so long the seconds begin again (the first time on 2036-02-07). */
const ERA_MS = 2 ** 32 * 1000;

/** `0n` is no time at all: "unknown" in RFC 5905. */
export type NtpTimestamp = bigint;

/** Milliseconds since 1970, fraction kept, to a timestamp of the era that it lies in. */
export function toNtpTimestamp(unixMs: number): NtpTimestamp {
  const wholeSec = Math.floor(unixMs / 1000);
  const fraction = BigInt(Math.floor(((unixMs - wholeSec * 1000) / 1000) * 2 ** 32));
  return BigInt.asUintN(64, (BigInt(wholeSec + UNIX_EPOCH_SEC) << 32n) | fraction);
}

/** Milliseconds since 1970, in the era that brings it nearest to `nearMs` (also milliseconds since 1970). */
export function toUnixMs(timestamp: NtpTimestamp, nearMs: number): number {
  const sec = Number(timestamp >> 32n);
  const fraction = Number(timestamp & 0xffff_ffffn) / 2 ** 32;
  const inFirstEra = (sec - UNIX_EPOCH_SEC) * 1000 + fraction * 1000;
  return inFirstEra + Math.round((nearMs - inFirstEra) / ERA_MS) * ERA_MS;
}
