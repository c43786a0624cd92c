/** A client of both hosts as a program of its own, so that nothing else that the tests do delays it. Ends with its stdin; prints the figures. */
import { createSocket, type Socket } from 'node:dgram';
import { writeSync } from 'node:fs';
import { encode } from 'dns-packet';
import { figure, type Tick } from '../../src/probes/loop-figure.ts';
import { answerOf, type DnsTarget } from '../../src/probes/loop-protocols.ts';
import { type LoopFigure, QueryLoop, type QueryTarget } from '../../src/probes/query-loop.ts';
import type { ClientFigures } from './client-process.ts';

/** DNS queries a second to each member; those of one interval go together. */
const RATE = Number(process.argv[3]);
const INTERVAL_MS = RATE < 100 ? 100 : 25;
/** Later than this a timer does not come on a machine that runs. */
const STILL_MS = 500;
/** Less than what resolvers wait before they try the other (resolv.conf(5): 5 s). */
const ANSWER_MS = 4_000;
/** Queries of more than four seconds have other numbers than those under way. */
const IDS = 0x10000;

/** Questions a second to each member. A DISCOVER that nobody answers is sent once more after some seconds, as clients do. */
const OTHERS = [
  // A host that is down answers nothing later: so long only a machine that stands still may take.
  { service: 'ntp', rate: 5, timeoutMs: 10_000 },
  { service: 'dhcp', rate: 2, timeoutMs: 3_000 },
] as const;

/**
 * Our own time, without that in which this process was kept from running: answers that lay there meanwhile are not late, and what was not asked
 * is not asked all at once. A machine with much other work to do stands still for seconds now and then.
 */
class Awake {
  #stoodStillMs = 0;
  #lastMs = performance.now();

  now(): number {
    const nowMs = performance.now();
    const stillMs = nowMs - this.#lastMs - INTERVAL_MS;
    if (stillMs > STILL_MS) this.#stoodStillMs += stillMs;
    this.#lastMs = nowMs;
    return nowMs - this.#stoodStillMs;
  }
}
const awake = new Awake();

/** One resolver. A sweep asks some millions of queries: sockets are connected and packets made once, which is most of what a query costs. */
class Member {
  readonly name: string;
  readonly ticks: Tick[] = [];
  /** Of each tick, by the clock of `awake`. */
  readonly #askedMs: number[] = [];
  readonly isReady: Promise<void>;
  readonly #socket: Socket;
  readonly #packets: readonly Buffer[];

  constructor({ name, server, port, zones }: DnsTarget) {
    this.name = name;
    this.#packets = zones.map((zone) =>
      encode({ type: 'query', id: 0, flags: 0, questions: [{ name: zone, type: 'SOA', class: 'IN' }] }),
    );
    this.#socket = createSocket('udp4');
    // A refused port, an unreachable network: the query simply has no answer.
    this.#socket.on('error', () => {});
    this.#socket.on('message', (message) => this.#hear(message));
    this.isReady = new Promise((resolve) => this.#socket.connect(port, server, () => resolve()));
  }

  ask(): void {
    const number = this.ticks.length;
    this.ticks.push({ atMs: performance.now(), answered: false });
    this.#askedMs.push(awake.now());
    const packet = Buffer.from(this.#packets[number % this.#packets.length] ?? []);
    packet.writeUInt16BE(number % IDS, 0);
    this.#socket.send(packet);
  }

  #hear(message: Buffer): void {
    const answer = answerOf('dns', message);
    if (answer?.isGood !== true) return;
    // The last query with this number.
    const last = this.ticks.length - 1;
    const number = last - ((last - Number(answer.key) + IDS) % IDS);
    const tick = this.ticks[number];
    if (tick !== undefined && awake.now() - (this.#askedMs[number] ?? 0) <= ANSWER_MS) tick.answered = true;
  }
}

const targets = JSON.parse(process.argv[2] ?? '[]') as QueryTarget[];
const members = targets.flatMap((target) => (target.service === 'dns' ? [new Member(target)] : []));
const others = OTHERS.flatMap(({ service, ...options }) => {
  const its = targets.filter((target) => target.service === service);
  return its.length === 0 ? [] : [{ service, loop: new QueryLoop(its, options) }];
});
for (const { loop } of others) loop.start();
await Promise.all(members.map(({ isReady }) => isReady));
const startedMs = awake.now();
let asked = 0;
const timer = setInterval(() => {
  // As many as are due: timers come late.
  for (const due = ((awake.now() - startedMs) * RATE) / 1_000; asked < due; asked++)
    for (const member of members) member.ask();
}, INTERVAL_MS);

/** For the group a query counts as answered when any member answered it. */
function groupTicks(): readonly Tick[] {
  return (members[0]?.ticks ?? []).map(({ atMs }, index) => ({
    atMs,
    answered: members.some(({ ticks }) => ticks[index]?.answered === true),
  }));
}

async function endOfOther({ service, loop }: (typeof others)[number]): Promise<[string, LoopFigure]> {
  return [service, (await loop.stop()).group];
}

async function end(): Promise<void> {
  clearInterval(timer);
  const ofOthers = Promise.all(others.map(endOfOther));
  const deadline = awake.now() + ANSWER_MS;
  while (awake.now() < deadline && groupTicks().some(({ answered }) => !answered))
    await new Promise((resolve) => setTimeout(resolve, 100));
  const figures: ClientFigures = {
    group: figure(groupTicks()),
    members: Object.fromEntries(members.map(({ name, ticks }) => [name, figure(ticks)])),
    others: Object.fromEntries(await ofOthers),
  };
  writeSync(1, JSON.stringify(figures));
  process.exit(0);
}

process.stdin.resume();
process.stdin.once('end', () => void end());
