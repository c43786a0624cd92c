/** dig(1) in place of a socket: the command line that asks many questions, and its text as DNS answers. Pure. */
import type { DecodedPacket } from 'dns-packet';
import { quoteArgv } from '../ssh/quote.ts';
import type { DnsOutcome, DnsQuestion } from './dns-exchange.ts';

export interface DigOptions {
  readonly tcp: boolean;
  /** Of one question, s. */
  readonly timeoutSec: number;
  /** Of all of them, s: dig asks one after the other. */
  readonly totalSec: number;
}

/** All questions go to the server of the first one. bind-utils is part of Fedora CoreOS. */
export function digCommand(questions: readonly DnsQuestion[], { tcp, timeoutSec, totalSec }: DigOptions): string {
  const first = questions[0];
  if (first === undefined) throw new Error('nothing to ask');
  const flags = ['+noall', '+comments', '+question', '+answer', '+tries=1', `+time=${timeoutSec}`, '+noedns'];
  const asked = questions.flatMap(({ name, type, class: klass, recursive }) => [
    // -q: whatever it looks like, it is a name.
    '-q',
    `${name}.`,
    '-t',
    type,
    '-c',
    klass,
    recursive ? '+recurse' : '+norecurse',
  ]);
  // An address only: a name would be looked up by the host, and @ keeps it from being an option.
  const argv = ['dig', `@${first.server}`, '-p', String(first.port), tcp ? '+tcp' : '+notcp', ...flags];
  return `LC_ALL=C timeout -k 1 ${totalSec} ${quoteArgv([...argv, ...asked])}`;
}

/** One outcome for each question, in their order. What is not in the text was not answered. */
export function parseDig(text: string, questions: readonly DnsQuestion[]): readonly DnsOutcome[] {
  const answers = new Map<string, DecodedPacket>();
  for (const block of text.split(/^;; Got answer:$/m).slice(1)) {
    const answer = parseBlock(block);
    if (answer !== undefined && !answers.has(answer.key)) answers.set(answer.key, answer.packet);
  }
  const refused = /connection refused/.test(text);
  return questions.map(({ name, type }) => {
    const packet = answers.get(keyOf(name, type));
    if (packet !== undefined) return { packet };
    return refused ? { failure: 'connection refused' } : { failure: 'no answer', silent: true };
  });
}

function keyOf(name: string, type: string): string {
  return `${name.toLowerCase().replace(/\.$/, '')} ${type}`;
}

/** The parts of an answer that probes look at; what dig prints is the host's word, and only its form is trusted. */
function parseBlock(block: string): { readonly key: string; readonly packet: DecodedPacket } | undefined {
  const rcode = /status: ([A-Z0-9]+),/.exec(block)?.[1];
  const flags = /^;; flags: ([a-z ]*);/m.exec(block)?.[1]?.split(' ');
  const [, name, type] = /^;; QUESTION SECTION:\n;(\S+)\s+(?:IN|CH)\s+(\S+)/m.exec(block) ?? [];
  if (rcode === undefined || flags === undefined || name === undefined || type === undefined) return undefined;
  const lines = /^;; ANSWER SECTION:\n((?:[^;\n][^\n]*\n?)*)/m.exec(block)?.[1]?.split('\n') ?? [];
  const packet = { rcode, flag_aa: flags.includes('aa'), answers: lines.flatMap(parseAnswer) };
  // Only what the judgement of probes reads of a packet.
  return { key: keyOf(name, type), packet: packet as unknown as DecodedPacket };
}

function parseAnswer(line: string): readonly object[] {
  const [, name, type, data] = /^(\S+)\s+\d+\s+(?:IN|CH)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
  if (name === undefined || type === undefined || data === undefined) return [];
  if (type === 'SOA') return [{ name, type, data: { serial: Number(data.split(/\s+/)[2]) } }];
  if (type === 'TXT') return [{ name, type, data: [...data.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, part]) => part) }];
  // As dns-packet gives names and addresses: without the dot at their end.
  return [{ name, type, data: data.replace(/\.$/, '') }];
}
