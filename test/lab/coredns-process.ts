/** The real CoreDNS on scratch ports of this machine: does it take a zone file, and what does it then serve? */
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { programOf } from '../../src/lab/images.ts';

export const IMAGE = 'docker.io/coredns/coredns:1.15.0';

export interface ServedZone {
  readonly origin: string;
  readonly path: string;
}

export interface Running {
  /** By index of the zone. */
  readonly ports: readonly number[];
  /** Another Corefile, by SIGUSR1: signalled, not yet loaded. */
  reload(corefile: string): void;
  stop(): Promise<void>;
}

let program: Promise<string> | undefined;

/** The program that the lab puts into its image, built once and cached. */
export function corednsProgram(): Promise<string> {
  program ??= programOf(IMAGE, () => undefined);
  return program;
}

/** Zones each on a port of its own, so that several versions of one zone can be served side by side. */
export async function startCoredns(zones: readonly ServedZone[]): Promise<Running | { readonly refusal: string }> {
  for (let tries = 1; ; tries++) {
    const ports = await freePorts(zones.length);
    const blocks = zones.map(
      ({ origin, path }, i) =>
        `${origin}:${ports[i]} {\n  bind 127.0.0.1\n  file ${path} ${origin} {\n    reload 0\n  }\n  transfer {\n    to *\n  }\n}\n`,
    );
    const running = await startWith(blocks.join(''), ports);
    // Somebody took a port between our look and its start.
    if (!('refusal' in running) || !running.refusal.includes('address already in use') || tries === 5) return running;
  }
}

/** `ports`: those of the text, each of which must accept connections before the server counts as started. */
export async function startWith(
  corefile: string,
  ports: readonly number[],
): Promise<Running | { readonly refusal: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'coredns-test-'));
  const path = join(folder, 'Corefile');
  writeFileSync(path, corefile);
  const child = spawn(await corednsProgram(), ['-conf', path, '-quiet'], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let isOver = false;
  void ended.then(() => {
    isOver = true;
    rmSync(folder, { recursive: true, force: true });
  });
  const state = await Promise.race([ended.then(() => 'ended'), listening(ports, () => isOver).then(() => 'listening')]);
  if (state === 'ended') return { refusal: output.trim() };
  return {
    ports,
    reload(text) {
      writeFileSync(path, text);
      child.kill('SIGUSR1');
    },
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Ports that are free for TCP and UDP, below those that the kernel gives to clients (ip_local_port_range begins at 32768). */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = randomInt(12_000, 32_000);
    if (!ports.has(port) && (await isFree(port))) ports.add(port);
  }
  return [...ports];
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const tcp = new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => resolve(true));
  });
  const socket = createSocket('udp4');
  const udp = new Promise<boolean>((resolve) => {
    socket.once('error', () => resolve(false));
    socket.bind(port, '127.0.0.1', () => resolve(true));
  });
  const free = (await Promise.all([tcp, udp])).every(Boolean);
  await Promise.all([
    new Promise((resolve) => server.close(resolve)),
    new Promise<void>((resolve) => socket.close(resolve)),
  ]);
  return free;
}

async function listening(ports: readonly number[], isOver: () => boolean): Promise<void> {
  for (const port of ports) {
    for (let tries = 0; tries < 2_000 && !isOver(); tries++) {
      const isOpen = await new Promise<boolean>((resolve) => {
        const socket = connect(port, '127.0.0.1', () => resolve(true)).once('error', () => resolve(false));
        socket.once('close', () => undefined);
        socket.once('connect', () => socket.destroy());
      });
      if (isOpen) break;
      await sleep(10);
    }
  }
}

/** The whole zone by AXFR (RFC 5936), each record as `owner ttl type octets-in-hex`, the SOA once. */
export async function transfer(port: number, origin: string): Promise<readonly string[]> {
  const records: string[] = [];
  let soas = 0;
  for await (const message of messages(port, axfrQuery(origin))) {
    const rcode = message.readUInt16BE(2) & 15;
    if (rcode !== 0) throw new Error(`AXFR of ${origin}: rcode ${rcode}`);
    let at = 12;
    for (let i = 0; i < message.readUInt16BE(4); i++) at = readName(message, at).next + 4;
    for (let i = 0; i < message.readUInt16BE(6); i++) {
      const record = readRecord(message, at);
      at = record.next;
      if (record.type === 6 && ++soas === 2) return records;
      records.push(record.text);
    }
  }
  throw new Error(`AXFR of ${origin} ended early`);
}

function axfrQuery(origin: string): Buffer {
  const name = Buffer.concat([
    ...origin.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)])),
    Buffer.from([0]),
  ]);
  const header = Buffer.from([0x12, 0x34, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  const message = Buffer.concat([header, name, Buffer.from([0, 252, 0, 1])]);
  return Buffer.concat([Buffer.from([message.length >> 8, message.length & 255]), message]);
}

async function* messages(port: number, query: Buffer): AsyncGenerator<Buffer> {
  const socket = connect(port, '127.0.0.1');
  socket.setTimeout(10_000, () => socket.destroy(new Error('AXFR: no answer in 10 s')));
  socket.write(query);
  let received = Buffer.alloc(0);
  try {
    for await (const chunk of socket) {
      received = Buffer.concat([received, chunk as Buffer]);
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const end = 2 + received.readUInt16BE(0);
        yield received.subarray(2, end);
        received = received.subarray(end);
      }
    }
  } finally {
    socket.destroy();
  }
}

/** Types whose data may hold compressed names (RFC 3597 §4): octets before the names, number of names. */
const COMPRESSED: Readonly<Record<number, readonly [before: number, names: number]>> = {
  2: [0, 1],
  3: [0, 1],
  4: [0, 1],
  5: [0, 1],
  6: [0, 2],
  7: [0, 1],
  8: [0, 1],
  9: [0, 1],
  12: [0, 1],
  14: [0, 2],
  15: [2, 1],
  17: [0, 2],
  18: [2, 1],
  21: [2, 1],
  26: [2, 2],
  33: [6, 1],
  36: [2, 1],
  39: [0, 1],
};

function readRecord(
  message: Buffer,
  from: number,
): { readonly text: string; readonly type: number; readonly next: number } {
  const owner = readName(message, from);
  const type = message.readUInt16BE(owner.next);
  const ttl = message.readUInt32BE(owner.next + 4);
  const start = owner.next + 10;
  const next = start + message.readUInt16BE(owner.next + 8);
  const [before, names] = COMPRESSED[type] ?? [next - start, 0];
  let at = start + before;
  const parts = [message.subarray(start, at)];
  for (let i = 0; i < names; i++) {
    const name = readName(message, at);
    parts.push(name.octets);
    at = name.next;
  }
  parts.push(message.subarray(at, next));
  return { text: `${owner.octets.toString('hex')} ${ttl} ${type} ${Buffer.concat(parts).toString('hex')}`, type, next };
}

function readName(message: Buffer, from: number): { readonly octets: Buffer; readonly next: number } {
  const labels: Buffer[] = [];
  let at = from;
  let next: number | undefined;
  for (;;) {
    const length = message[at] as number;
    if (length >= 192) {
      next ??= at + 2;
      at = message.readUInt16BE(at) & 0x3fff;
      continue;
    }
    labels.push(message.subarray(at, at + 1 + length));
    at += 1 + length;
    if (length === 0) return { octets: Buffer.concat(labels), next: next ?? at };
  }
}
