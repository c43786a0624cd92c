/** Reads octets of record data from front to back. Running over the end is a WireFault. */
import { nameFromWire } from './names.ts';

export class WireFault extends Error {}

export class WireReader {
  position = 0;
  private readonly octets: Uint8Array;

  constructor(octets: Uint8Array) {
    this.octets = octets;
  }

  get left(): number {
    return this.octets.length - this.position;
  }

  take(length: number): Uint8Array {
    if (length > this.left) throw new WireFault(`${length} octets expected, ${this.left} left`);
    const taken = this.octets.subarray(this.position, this.position + length);
    this.position += length;
    return taken;
  }

  uint(octets: number): number {
    return this.take(octets).reduce((sum, octet) => sum * 256 + octet, 0);
  }

  name(): string {
    const read = nameFromWire(this.octets, this.position);
    if (read === undefined) throw new WireFault('not an uncompressed name');
    this.position = read.next;
    return read.name;
  }
}
