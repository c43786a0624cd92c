/** A light, steady stream of queries to every member of a group, for one service: it measures what clients would have noticed. */
import { createSocket, type Socket } from 'node:dgram';
import { figure, groupTick, type LoopFigure, type Tick } from './loop-figure.ts';
import { answerOf, type Query, type QueryTarget, queryOf } from './loop-protocols.ts';

export type { LoopFigure } from './loop-figure.ts';
export type { DhcpTarget, DnsTarget, LoopService, NtpTarget, QueryTarget } from './loop-protocols.ts';

export interface LoopOptions {
  /** Queries a second to each member. Default 20. */
  readonly rate?: number;
  /** A later answer counts as none; where clients ask again, as a late one. Default 1000 ms: shorter than any client waits. */
  readonly timeoutMs?: number;
  /** After which time a DISCOVER that nobody has answered is sent again, once. Default: a client's first delay, 4 s ± 1 (RFC 2131 §4.1). */
  readonly againAfterMs?: () => number;
}

interface Asked {
  readonly target: QueryTarget;
  readonly socket: Socket;
  /** Our own address towards the server, where the protocol needs it. */
  source: string;
  readonly ticks: Tick[];
  readonly waiting: Map<string, Tick>;
}

interface Sent {
  readonly asked: Asked;
  readonly tick: Tick;
  readonly query: Query;
}

/** Asks every member at each tick. For the group a tick counts as answered when any member answered it. */
export class QueryLoop {
  readonly #targets: readonly QueryTarget[];
  readonly #timeoutMs: number;
  readonly #intervalMs: number;
  readonly #againAfterMs: () => number;
  /** All targets of a loop are of one service. */
  readonly #isRepeated: boolean;
  /** Not answered yet, and not given up. */
  readonly #repeatable = new Set<readonly Sent[]>();
  #asked: readonly Asked[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(targets: readonly QueryTarget[], options: LoopOptions = {}) {
    this.#targets = targets.filter((target) => target.service !== 'dns' || target.zones.length > 0);
    this.#timeoutMs = options.timeoutMs ?? 1_000;
    this.#intervalMs = 1_000 / (options.rate ?? 20);
    this.#againAfterMs = options.againAfterMs ?? (() => 3_000 + Math.random() * 2_000);
    this.#isRepeated = targets.some(({ service }) => service === 'dhcp');
  }

  start(): void {
    this.#asked = this.#targets.map((target) => this.#open(target));
    const tick = (): void => {
      const sent = this.#asked.map((asked) => this.#ask(asked));
      if (this.#isRepeated) this.#watch(sent);
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
    while (this.#isAwaited() && (this.#isRepeated || performance.now() < deadline)) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    for (const { socket } of this.#asked) socket.close();
    const members = Object.fromEntries(
      this.#asked.map(({ target, ticks }) => [target.name, figure(ticks, this.#isRepeated)]),
    );
    return { group: figure(this.#groupTicks(), this.#isRepeated), members };
  }

  /** Of a service whose clients ask again one answer will do, by whomever; it ends by itself, since they do so once. */
  #isAwaited(): boolean {
    if (!this.#isRepeated) return this.#asked.some(({ waiting }) => waiting.size > 0);
    return [...this.#repeatable].some((sent) => !isAnswered(sent));
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
      if (this.#isRepeated && !answer.isGood) return; // the client goes on waiting
      asked.waiting.delete(answer.key);
      if (performance.now() - tick.atMs <= this.#timeoutMs) tick.answered = answer.isGood;
      else if (this.#isRepeated) tick.answeredLater = answer.isGood;
    });
    return asked;
  }

  #ask(asked: Asked): Sent {
    const { target, source, ticks, waiting } = asked;
    const tick: Tick = { atMs: performance.now(), answered: false };
    const query = queryOf(target, ticks.length, source);
    ticks.push(tick);
    waiting.set(query.key, tick);
    if (!this.#isRepeated) setTimeout(() => waiting.delete(query.key), this.#timeoutMs).unref();
    send(asked, query.bytes);
    return { asked, tick, query };
  }

  /** A client has one transaction, whoever answers it: it asks all of them again, or nobody. */
  #watch(sent: readonly Sent[]): void {
    const delayMs = this.#againAfterMs();
    const forget = (): void => {
      for (const { asked, query } of sent) asked.waiting.delete(query.key);
      this.#repeatable.delete(sent);
    };
    this.#repeatable.add(sent);
    setTimeout(() => {
      if (isAnswered(sent)) return forget();
      for (const { asked, tick, query } of sent) {
        tick.askedAgain = true;
        if (query.again !== undefined) send(asked, query.again(Math.round(delayMs / 1_000)));
      }
      setTimeout(forget, delayMs).unref(); // clients wait twice as long
    }, delayMs).unref();
  }

  #groupTicks(): readonly Tick[] {
    const all = this.#asked.map(({ ticks }) => ticks);
    const length = Math.min(...all.map((ticks) => ticks.length));
    return Array.from({ length: Number.isFinite(length) ? length : 0 }, (_, index) =>
      groupTick(all.map((ticks) => ticks[index] as Tick)),
    );
  }
}

function isAnswered(sent: readonly Sent[]): boolean {
  return sent.some(({ tick }) => tick.answered || tick.answeredLater === true);
}

function send({ target, socket }: Asked, bytes: Buffer): void {
  if (target.service === 'dhcp') socket.send(bytes, () => {});
  else socket.send(bytes, target.port, target.server, () => {});
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
