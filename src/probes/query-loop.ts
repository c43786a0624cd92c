/** A light, steady stream of DNS queries to every member of a group, which measures what clients would have noticed. */
import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { encode } from 'dns-packet';

export interface QueryTarget {
  /** The member's name in the figures. */
  readonly name: string;
  readonly server: string;
  readonly port: number;
  /** Zones that it serves: asked in turn. */
  readonly zones: readonly string[];
}

export interface LoopFigure {
  readonly asked: number;
  readonly answered: number;
  /** From the first unanswered query to the next answered one, ms; 0 when every query was answered. */
  readonly longestGapMs: number;
}

export interface LoopOptions {
  /** Queries a second to each member. Default 20. */
  readonly rate?: number;
  /** A later answer counts as none. Default 1000 ms: shorter than any resolver waits. */
  readonly timeoutMs?: number;
}

interface Tick {
  readonly atMs: number;
  answered: boolean;
}

/** Asks every member at each tick. For the group a tick counts as answered when any member answered it. */
export class QueryLoop {
  readonly #targets: readonly QueryTarget[];
  readonly #timeoutMs: number;
  readonly #intervalMs: number;
  readonly #ticks = new Map<string, Tick[]>();
  readonly #sockets = new Map<string, Socket>();
  readonly #waiting = new Map<string, Map<number, Tick>>();
  #timer: NodeJS.Timeout | undefined;

  constructor(targets: readonly QueryTarget[], options: LoopOptions = {}) {
    this.#targets = targets.filter(({ zones }) => zones.length > 0);
    this.#timeoutMs = options.timeoutMs ?? 1_000;
    this.#intervalMs = 1_000 / (options.rate ?? 20);
  }

  start(): void {
    for (const target of this.#targets) this.#open(target);
    const tick = (): void => {
      for (const target of this.#targets) this.#ask(target);
    };
    tick();
    this.#timer = setInterval(tick, this.#intervalMs);
  }

  /** Waits for the answers under way, and returns the figures: by member, and of the group. */
  async stop(): Promise<{ readonly group: LoopFigure; readonly members: Readonly<Record<string, LoopFigure>> }> {
    clearInterval(this.#timer);
    const deadline = performance.now() + this.#timeoutMs;
    while ([...this.#waiting.values()].some(({ size }) => size > 0) && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    for (const socket of this.#sockets.values()) socket.close();
    const members = Object.fromEntries(this.#targets.map(({ name }) => [name, figure(this.#ticks.get(name) ?? [])]));
    return { group: figure(this.#groupTicks()), members };
  }

  #open({ name, server, port }: QueryTarget): void {
    const socket = createSocket(server.includes(':') ? 'udp6' : 'udp4');
    this.#sockets.set(name, socket);
    this.#waiting.set(name, new Map());
    this.#ticks.set(name, []);
    // A refused port, an unreachable network: the query simply has no answer.
    socket.on('error', () => {});
    socket.on('message', (message, from) => {
      const waiting = this.#waiting.get(name);
      const tick = message.length >= 12 && from.port === port ? waiting?.get(message.readUInt16BE(0)) : undefined;
      if (tick === undefined) return;
      waiting?.delete(message.readUInt16BE(0));
      // NOERROR with authority (AA), RFC 1035 §4.1.1: a server that says SERVFAIL does not serve.
      const isGood = (message.readUInt16BE(2) & 0x000f) === 0 && (message.readUInt16BE(2) & 0x0400) !== 0;
      tick.answered = isGood && performance.now() - tick.atMs <= this.#timeoutMs;
    });
  }

  #ask({ name, server, port, zones }: QueryTarget): void {
    const ticks = this.#ticks.get(name) ?? [];
    const waiting = this.#waiting.get(name) ?? new Map<number, Tick>();
    const zone = zones[ticks.length % zones.length] as string;
    const id = randomInt(0x10000);
    const tick: Tick = { atMs: performance.now(), answered: false };
    ticks.push(tick);
    waiting.set(id, tick);
    setTimeout(() => waiting.delete(id), this.#timeoutMs).unref();
    const query = encode({ type: 'query', id, flags: 0, questions: [{ name: zone, type: 'SOA', class: 'IN' }] });
    this.#sockets.get(name)?.send(query, port, server, () => {});
  }

  #groupTicks(): readonly Tick[] {
    const all = this.#targets.map(({ name }) => this.#ticks.get(name) ?? []);
    const length = Math.min(...all.map((ticks) => ticks.length));
    return Array.from({ length: Number.isFinite(length) ? length : 0 }, (_, index) => {
      const same = all.map((ticks) => ticks[index] as Tick);
      return { atMs: Math.min(...same.map(({ atMs }) => atMs)), answered: same.some(({ answered }) => answered) };
    });
  }
}

function figure(ticks: readonly Tick[]): LoopFigure {
  let longestGapMs = 0;
  let lostAtMs: number | undefined;
  for (const { atMs, answered } of ticks) {
    if (!answered) lostAtMs ??= atMs;
    if (lostAtMs !== undefined) longestGapMs = Math.max(longestGapMs, atMs - lostAtMs);
    if (answered) lostAtMs = undefined;
  }
  return {
    asked: ticks.length,
    answered: ticks.filter(({ answered }) => answered).length,
    longestGapMs: Math.round(longestGapMs),
  };
}
