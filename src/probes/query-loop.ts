/** A light, steady stream of queries to every member of a group, for one service: it measures what clients would have noticed. */
import { createSocket, type Socket } from 'node:dgram';
import { figure, type LoopFigure, type Tick } from './loop-figure.ts';
import { answerOf, type QueryTarget, queryOf } from './loop-protocols.ts';

export type { LoopFigure } from './loop-figure.ts';
export type { DhcpTarget, DnsTarget, LoopService, NtpTarget, QueryTarget } from './loop-protocols.ts';

export interface LoopOptions {
  /** Queries a second to each member. Default 20. */
  readonly rate?: number;
  /** A later answer counts as none. Default 1000 ms: shorter than any client waits. */
  readonly timeoutMs?: number;
}

interface Asked {
  readonly target: QueryTarget;
  readonly socket: Socket;
  /** Our own address towards the server, where the protocol needs it. */
  source: string;
  readonly ticks: Tick[];
  readonly waiting: Map<string, Tick>;
}

/** Asks every member at each tick. For the group a tick counts as answered when any member answered it. */
export class QueryLoop {
  readonly #targets: readonly QueryTarget[];
  readonly #timeoutMs: number;
  readonly #intervalMs: number;
  #asked: readonly Asked[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(targets: readonly QueryTarget[], options: LoopOptions = {}) {
    this.#targets = targets.filter((target) => target.service !== 'dns' || target.zones.length > 0);
    this.#timeoutMs = options.timeoutMs ?? 1_000;
    this.#intervalMs = 1_000 / (options.rate ?? 20);
  }

  start(): void {
    this.#asked = this.#targets.map((target) => this.#open(target));
    const tick = (): void => {
      for (const asked of this.#asked) this.#ask(asked);
    };
    void Promise.all(this.#asked.map(connectDhcp)).then(() => {
      if (this.#isOver) return;
      tick();
      this.#timer = setInterval(tick, this.#intervalMs);
    });
  }

  /** Waits for the answers under way, and returns the figures: by member, and of the group. */
  async stop(): Promise<{ readonly group: LoopFigure; readonly members: Readonly<Record<string, LoopFigure>> }> {
    this.#isOver = true;
    clearInterval(this.#timer);
    const deadline = performance.now() + this.#timeoutMs;
    while (this.#asked.some(({ waiting }) => waiting.size > 0) && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    for (const { socket } of this.#asked) socket.close();
    const members = Object.fromEntries(this.#asked.map(({ target, ticks }) => [target.name, figure(ticks)]));
    return { group: figure(this.#groupTicks()), members };
  }

  #open(target: QueryTarget): Asked {
    const socket = createSocket(target.server.includes(':') ? 'udp6' : 'udp4');
    const asked: Asked = { target, socket, source: '', ticks: [], waiting: new Map() };
    // A refused port, an unreachable network: the query simply has no answer.
    socket.on('error', () => {});
    socket.on('message', (message, from) => {
      const answer = from.port === target.port ? answerOf(target.service, message) : undefined;
      const tick = answer === undefined ? undefined : asked.waiting.get(answer.key);
      if (answer === undefined || tick === undefined) return;
      asked.waiting.delete(answer.key);
      tick.answered = answer.isGood && performance.now() - tick.atMs <= this.#timeoutMs;
    });
    return asked;
  }

  #ask({ target, socket, source, ticks, waiting }: Asked): void {
    const tick: Tick = { atMs: performance.now(), answered: false };
    const { key, bytes } = queryOf(target, ticks.length, source);
    ticks.push(tick);
    waiting.set(key, tick);
    setTimeout(() => waiting.delete(key), this.#timeoutMs).unref();
    if (target.service === 'dhcp') socket.send(bytes, () => {});
    else socket.send(bytes, target.port, target.server, () => {});
  }

  #groupTicks(): readonly Tick[] {
    const all = this.#asked.map(({ ticks }) => ticks);
    const length = Math.min(...all.map((ticks) => ticks.length));
    return Array.from({ length: Number.isFinite(length) ? length : 0 }, (_, index) => {
      const same = all.map((ticks) => ticks[index] as Tick);
      return { atMs: Math.min(...same.map(({ atMs }) => atMs)), answered: same.some(({ answered }) => answered) };
    });
  }
}

/** The kernel chooses our address when the socket is connected; without a way there the queries stay unanswered. */
function connectDhcp(asked: Asked): Promise<void> {
  const { target, socket } = asked;
  if (target.service !== 'dhcp') return Promise.resolve();
  return new Promise((resolve) => {
    socket.connect(target.port, target.server, (error?: Error | null) => {
      asked.source = error ? '0.0.0.0' : socket.address().address;
      resolve();
    });
  });
}
