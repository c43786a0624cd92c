/** LOC (RFC 1876): a place on earth, in the forms that CoreDNS reads. */
import type { Field } from './fields.ts';
import type { RdataReader } from './rdata-reader.ts';
import type { WireReader } from './wire-reader.ts';

const EQUATOR = 2 ** 31;
const MS_PER_DEGREE = 3_600_000;
/** The reference altitude is 100 000 m below the ellipsoid. Centimetres. */
const ALTITUDE_BASE_CM = 10_000_000;
/** Defaults of RFC 1876 §3: size 1 m, horizontal precision 10 000 m, vertical precision 10 m. */
const DEFAULT_PRECISIONS = [0x12, 0x16, 0x13];

export const location: Field = {
  read(reader) {
    const latitude = readAngle(reader, 'latitude', 90, 'N', 'S');
    const longitude = readAngle(reader, 'longitude', 180, 'E', 'W');
    const altitude = readAltitude(reader);
    const precisions = DEFAULT_PRECISIONS.map((fallback) => (reader.isAtEnd ? fallback : readPrecision(reader)));
    reader.octets.push(0, ...precisions);
    for (const value of [latitude, longitude, altitude]) reader.uint(value, 4);
  },
  print(wire) {
    const version = wire.uint(1);
    const precisions = [wire.uint(1), wire.uint(1), wire.uint(1)];
    if (version !== 0) return '';
    const angles = [printAngle(wire, 'N', 'S'), printAngle(wire, 'E', 'W')];
    const altitude = ((wire.uint(4) - ALTITUDE_BASE_CM) / 100).toFixed(2);
    return [...angles, `${altitude}m`, ...precisions.map(printPrecision)].join(' ');
  },
};

/** `degrees [minutes seconds] letter`, in thousandths of a second from 2^31 on. CoreDNS does not read minutes without seconds. */
function readAngle(reader: RdataReader, what: string, degreesMax: number, positive: string, negative: string): number {
  const first = reader.peek();
  let value = MS_PER_DEGREE * reader.number(`${what} degrees`, degreesMax);
  if (/^\d+$/.test(reader.peek()?.text ?? '')) {
    value += 60_000 * reader.number(`${what} minutes`, 59);
    const seconds = reader.word(`${what} seconds`);
    if (!/^\d{1,2}(?:\.\d{1,3})?$/.test(seconds.text) || Number(seconds.text) >= 60) {
      throw reader.fault(
        `${what} seconds ${JSON.stringify(seconds.text)}`,
        'Write degrees, minutes and seconds below 60 with at most three decimals.',
        seconds,
      );
    }
    // As CoreDNS does it: the product is cut off, not rounded.
    value += Math.trunc(1000 * Number(seconds.text));
  }
  const letter = reader.word(`${what} direction`);
  const sign = letter.text.toUpperCase() === positive ? 1 : letter.text.toUpperCase() === negative ? -1 : 0;
  if (sign === 0)
    throw reader.fault(
      `${what} direction ${JSON.stringify(letter.text)}`,
      `Write ${positive} or ${negative} after the ${what}.`,
      letter,
    );
  if (value > degreesMax * MS_PER_DEGREE)
    throw reader.fault(`${what} beyond ${degreesMax} degrees`, 'Correct the degrees.', first);
  return EQUATOR + sign * value;
}

function readAltitude(reader: RdataReader): number {
  const token = reader.word('altitude');
  const match = /^(-?\d+(?:\.\d{1,2})?)m?$/i.exec(token.text);
  const cm = match === null ? Number.NaN : Math.trunc(Number(match[1]) * 100 + ALTITUDE_BASE_CM + 0.5);
  if (!(cm >= 0 && cm <= 0xffffffff))
    throw reader.fault(`altitude ${JSON.stringify(token.text)}`, 'Write metres from -100000.00 to 42849672.95.', token);
  return cm;
}

/** One octet: four bits of mantissa, four of exponent, in centimetres. Digits after the first are lost, so they must be zero. */
function readPrecision(reader: RdataReader): number {
  const token = reader.word('size or precision');
  const match = /^(\d{1,8})(?:\.(\d{1,2}))?m?$/i.exec(token.text);
  const cm = match === null ? Number.NaN : Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0'));
  const digits = /^([1-9])(0*)$/.exec(String(cm));
  if (cm === 0) return 0;
  if (digits === null)
    throw reader.fault(
      `size or precision ${JSON.stringify(token.text)}`,
      'It is one digit and zeros, such as 1m, 30m, 10000m or 0.05m (RFC 1876 §2).',
      token,
    );
  return (Number(digits[1]) << 4) | (digits[2] ?? '').length;
}

function printAngle(wire: WireReader, positive: string, negative: string): string {
  const value = wire.uint(4) - EQUATOR;
  const ms = Math.abs(value);
  const parts = [Math.floor(ms / MS_PER_DEGREE), Math.floor(ms / 60_000) % 60, ((ms % 60_000) / 1000).toFixed(3)];
  return `${parts.join(' ')} ${value < 0 ? negative : positive}`;
}

function printPrecision(octet: number): string {
  const cm = (octet >> 4) * 10 ** (octet & 15);
  return `${(cm / 100).toFixed(2)}m`;
}
