/** DNS questions over UDP and TCP: random ids, answers matched to their question, every wait bounded. */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { type DecodedPacket, decode, encode, type Question } from 'dns-packet';

export interface DnsQuestion {
  readonly server: string;
  readonly port: number;
  readonly name: string;
  readonly type: string;
  readonly class: 'IN' | 'CH';
  /** Recursion desired. */
  readonly recursive: boolean;
}

export type DnsOutcome = { readonly packet: DecodedPacket } | DnsFailure;

export interface DnsFailure {
  readonly failure: string;
  /** Nothing came back, not even a refusal: the way there may be closed, and the service be well. */
  readonly silent?: boolean;
}

export interface ExchangeTiming {
  /** Of one try. */
  readonly timeoutMs: number;
  /** TCP is tried once: it repairs losses by itself. */
  readonly tries: number;
}

interface Waiting {
  readonly index: number;
  readonly id: number;
  readonly bytes: Buffer;
}

/** One connected socket for all questions to a server, so that a closed port is known at once; answers come in the order of the questions. */
export async function askUdp(
  questions: readonly DnsQuestion[],
  timing: ExchangeTiming,
): Promise<readonly DnsOutcome[]> {
  const outcomes = new Array<DnsOutcome>(questions.length);
  await Promise.all(byServer(questions).map((indexes) => askServerUdp(indexes, questions, outcomes, timing)));
  return outcomes;
}

/** Indexes of the questions, one list for each server. */
function byServer(questions: readonly DnsQuestion[]): readonly (readonly number[])[] {
  const servers = new Map<string, number[]>();
  for (const [index, { server, port }] of questions.entries()) {
    const key = `${server} ${port}`;
    servers.set(key, [...(servers.get(key) ?? []), index]);
  }
  return [...servers.values()];
}

function askServerUdp(
  indexes: readonly number[],
  questions: readonly DnsQuestion[],
  outcomes: DnsOutcome[],
  timing: ExchangeTiming,
): Promise<void> {
  const { server, port } = questions[indexes[0] as number] as DnsQuestion;
  const waiting = new Map(indexes.map((index) => [index, prepare(index, questions[index] as DnsQuestion)]));
  const socket = createSocket(server.includes(':') ? 'udp6' : 'udp4');
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    let ended = false;
    const end = (failure: string, silent = false): void => {
      if (ended) return;
      ended = true;
      clearTimeout(timer);
      socket.close();
      for (const index of waiting.keys()) outcomes[index] = { failure, silent };
      resolve();
    };
    const refused = (error: Error): void =>
      end(
        error.message.includes('ECONNREFUSED') ? 'nothing listens there (port unreachable)' : error.message,
        isSilence(error),
      );
    let tried = 0;
    const attempt = (): void => {
      if (tried++ === timing.tries) {
        const tries = `${timing.tries} ${timing.tries === 1 ? 'try' : 'tries'}`;
        end(`no answer in ${seconds(timing.timeoutMs * timing.tries)} s (${tries})`, true);
        return;
      }
      // The refusal of one packet may come back as the error of sending the next.
      for (const { bytes } of waiting.values()) socket.send(bytes, (error) => error !== null && refused(error));
      timer = setTimeout(attempt, timing.timeoutMs);
    };
    socket.on('error', refused);
    socket.on('message', (message) => {
      const entry = [...waiting.values()].find(({ index, id }) =>
        isAnswerTo(questions[index] as DnsQuestion, id, message),
      );
      if (entry === undefined) return;
      waiting.delete(entry.index);
      outcomes[entry.index] = { packet: decode(message) };
      if (waiting.size === 0) end('');
    });
    // Called with an error when the name does not resolve, or no route leads there.
    socket.connect(port, server, (error?: Error | null) => {
      if (error === undefined || error === null) attempt();
      else end(error.message, isSilence(error));
    });
  });
}

function prepare(index: number, question: DnsQuestion): Waiting {
  const id = randomInt(0x10000);
  return { index, id, bytes: encodeQuestion(question, id) };
}

function encodeQuestion({ name, type, class: klass, recursive }: DnsQuestion, id: number): Buffer {
  // RD is bit 8 of the header's flags (RFC 1035 §4.1.1).
  const question = { name, type, class: klass } as Question;
  return encode({ type: 'query', id, flags: recursive ? 0x100 : 0, questions: [question] });
}

/** Id and question must be those that were asked; the sender is, since the socket is connected (RFC 5452 §9.1). */
function isAnswerTo(question: DnsQuestion, id: number, message: Buffer): boolean {
  if (message.length < 12 || message.readUInt16BE(0) !== id) return false;
  try {
    const asked = decode(message).questions?.[0];
    return (
      asked !== undefined && asked.name.toLowerCase() === question.name.toLowerCase() && asked.type === question.type
    );
  } catch {
    return false;
  }
}

/** CoreDNS closes a connection after 128 questions (miekg/dns, maxTCPQueries). */
const TCP_QUESTIONS_MAX = 100;

/** One connection for each server (or hundred questions), all at once on it (RFC 7766 §6.2.1.1). */
export async function askTcp(questions: readonly DnsQuestion[], timeoutMs: number): Promise<readonly DnsOutcome[]> {
  const outcomes = new Array<DnsOutcome>(questions.length);
  const batches = byServer(questions).flatMap((indexes) =>
    Array.from({ length: Math.ceil(indexes.length / TCP_QUESTIONS_MAX) }, (_, i) =>
      indexes.slice(i * TCP_QUESTIONS_MAX, (i + 1) * TCP_QUESTIONS_MAX),
    ),
  );
  await Promise.all(batches.map((indexes) => askServerTcp(indexes, questions, outcomes, timeoutMs)));
  return outcomes;
}

function askServerTcp(
  indexes: readonly number[],
  questions: readonly DnsQuestion[],
  outcomes: DnsOutcome[],
  timeoutMs: number,
): Promise<void> {
  const { server, port } = questions[indexes[0] as number] as DnsQuestion;
  const waiting = new Map(indexes.map((index) => [index, prepare(index, questions[index] as DnsQuestion)]));
  return new Promise((resolve) => {
    const socket = connect({ host: server, port });
    let ended = false;
    // Destroying the socket closes it: that is no second end.
    const end = (failure: string, silent = false): void => {
      if (ended) return;
      ended = true;
      clearTimeout(timer);
      socket.destroy();
      for (const index of waiting.keys()) outcomes[index] = { failure, silent };
      resolve();
    };
    let isConnected = false;
    const timer = setTimeout(() => end(`no answer in ${seconds(timeoutMs)} s`, !isConnected), timeoutMs);
    let received = Buffer.alloc(0);
    socket.once('error', (error) => end(error.message, isSilence(error)));
    socket.once('close', () => end('the connection was closed without an answer'));
    socket.once('connect', () => {
      isConnected = true;
      // Each message is preceded by its length in two octets (RFC 1035 §4.2.2).
      for (const { bytes } of waiting.values())
        socket.write(Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]));
    });
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const message = received.subarray(2, 2 + received.readUInt16BE(0));
        received = received.subarray(2 + message.length);
        const entry = [...waiting.values()].find(({ index, id }) =>
          isAnswerTo(questions[index] as DnsQuestion, id, message),
        );
        if (entry === undefined) continue;
        waiting.delete(entry.index);
        outcomes[entry.index] = { packet: decode(message) };
      }
      if (waiting.size === 0) end('');
    });
  });
}

/** Routers and our own kernel answered, the server did not. */
function isSilence(error: NodeJS.ErrnoException): boolean {
  return ['EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT'].includes(error.code ?? '');
}

function seconds(ms: number): string {
  return String(Math.round(ms / 100) / 10);
}
