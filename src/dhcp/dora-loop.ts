/**
 * Clients that come one after the other: each broadcasts a DISCOVER, takes the first OFFER, and gives its lease back. It measures what a
 * network of clients would notice of its DHCP servers. Needs port 68 and a default route to the interface: root, in a namespace of its own.
 */
import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { figure, type LoopFigure, type Tick } from '../probes/loop-figure.ts';
import { discover, localMac, release, request } from './messages.ts';
import { messageOf, serverOf } from './options.ts';
import { type DhcpPacket, decodeDhcp, encodeDhcp, OP } from './packet.ts';

export interface DoraOptions {
  /** Exchanges a second. Default 5. */
  readonly rate?: number;
  /** An exchange that is not over by then counts as lost; nothing is sent twice. Default 1000 ms. */
  readonly timeoutMs?: number;
  /** Different clients, which come in turn. Default 20. */
  readonly clients?: number;
  /** Keeps the leases instead of giving each back. */
  readonly keeps?: boolean;
}

export interface DoraFigure extends LoopFigure {
  /** Acknowledged leases, by server. */
  readonly byServer: Readonly<Record<string, number>>;
  readonly refused: number;
}

/** Where answers are awaited and questions are sent (RFC 2131 §4.1). */
const CLIENT_PORT = 68;
const SERVER_PORT = 67;
const EVERYBODY = '255.255.255.255';

interface Exchange extends Tick {
  readonly client: { readonly mac: Buffer; readonly xid: number };
  state: 'selecting' | 'requesting' | 'over';
}

export class DoraLoop {
  readonly #options: Required<DoraOptions>;
  readonly #exchanges: Exchange[] = [];
  readonly #open = new Map<number, Exchange>();
  readonly #byServer: Record<string, number> = {};
  #refused = 0;
  #socket: Socket | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: DoraOptions = {}) {
    this.#options = { rate: 5, timeoutMs: 1_000, clients: 20, keeps: false, ...options };
  }

  /** Rejects when port 68 cannot be had. */
  async start(): Promise<void> {
    const socket = createSocket({ type: 'udp4', reuseAddr: true });
    this.#socket = socket;
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(CLIENT_PORT, '0.0.0.0', resolve);
    });
    // What cannot be sent now, with the cable pulled, is an exchange without an answer.
    socket.on('error', () => {});
    socket.setBroadcast(true);
    socket.on('message', (bytes) => this.#receive(decodeDhcp(bytes)));
    this.#begin();
    this.#timer = setInterval(() => this.#begin(), 1_000 / this.#options.rate);
  }

  /** The figures so far. */
  figures(): DoraFigure {
    const now = performance.now();
    // Those under way have still time to be answered.
    const judged = this.#exchanges.filter(
      ({ atMs, state }) => state === 'over' || now - atMs > this.#options.timeoutMs,
    );
    return { ...figure(judged), byServer: { ...this.#byServer }, refused: this.#refused };
  }

  /** Waits for the exchanges under way. */
  async stop(): Promise<DoraFigure> {
    clearInterval(this.#timer);
    const deadline = performance.now() + this.#options.timeoutMs;
    while (this.#open.size > 0 && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
    this.#socket?.close();
    return { ...figure(this.#exchanges), byServer: this.#byServer, refused: this.#refused };
  }

  #begin(): void {
    const { clients, timeoutMs } = this.#options;
    const client = { mac: localMac([0xd0, 0x4a, 0x10], this.#exchanges.length % clients), xid: randomInt(2 ** 32) };
    const exchange: Exchange = { client, atMs: performance.now(), answered: false, state: 'selecting' };
    this.#exchanges.push(exchange);
    this.#open.set(client.xid, exchange);
    setTimeout(() => this.#open.delete(client.xid), timeoutMs).unref();
    this.#send(discover(client));
  }

  #receive(packet: DhcpPacket | undefined): void {
    const exchange = packet?.op === OP.reply ? this.#open.get(packet.xid) : undefined;
    if (packet === undefined || exchange === undefined || !packet.chaddr.equals(exchange.client.mac)) return;
    switch (messageOf(packet)) {
      case 'offer':
        // Others that come later are not wanted: the REQUEST tells their servers so.
        if (exchange.state === 'selecting') this.#send(request(exchange.client, packet));
        exchange.state = 'requesting';
        return;
      case 'ack': {
        exchange.answered = true;
        const server = serverOf(packet) ?? 'unnamed';
        this.#byServer[server] = (this.#byServer[server] ?? 0) + 1;
        if (!this.#options.keeps) this.#send(release(exchange.client, packet));
        break;
      }
      case 'nak':
        this.#refused += 1;
        break;
      default:
        return;
    }
    exchange.state = 'over';
    this.#open.delete(packet.xid);
  }

  /** Also what a client with an address would send to one server: we have none, and every server looks whom it is for. */
  #send(packet: DhcpPacket): void {
    this.#socket?.send(encodeDhcp(packet), SERVER_PORT, EVERYBODY, () => {});
  }
}
