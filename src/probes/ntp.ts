/** The `ntp` probe: a real client's question over UDP (RFC 5905), from this machine to the host's own address. */
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { clientRequest, decodePacket, encodePacket, MODE, type NtpPacket } from '../ntp/packet.ts';
import { type Exchange, judgeExchange, type NtpVerdict } from '../ntp/reading.ts';
import type { NtpProbe } from './types.ts';

/** A round trip in a LAN, ms; longer ones are mostly this process being busy, which shows as an offset that is none. */
const QUICK_MS = 5;
const QUESTIONS_MAX = 3;

/** The time and its judgement. Never throws: whatever happens is a verdict. */
export async function askNtp(probe: NtpProbe, timeoutMs: number): Promise<NtpVerdict> {
  const outcome = await exchangeNtp(probe.server, probe.port, timeoutMs);
  if (typeof outcome === 'string') return { ok: false, detail: outcome };
  let best = judgeExchange(outcome, probe);
  // Of several answers the quickest tells the offset best (RFC 5905 §10). That one came is what counts: no later one is waited for.
  for (let asked = 1; asked < QUESTIONS_MAX && best.reading !== undefined && best.reading.delayMs > QUICK_MS; asked++) {
    const again = await exchangeNtp(probe.server, probe.port, Math.min(timeoutMs, 2 * best.reading.delayMs));
    if (typeof again === 'string') break;
    const verdict = judgeExchange(again, probe);
    if (verdict.reading !== undefined && verdict.reading.delayMs < best.reading.delayMs) best = verdict;
  }
  return best;
}

/** What was asked, for reports: `time @192.0.2.12:123/udp`. */
export function ntpProbeName({ server, port }: Pick<NtpProbe, 'server' | 'port'>): string {
  return `time @${isIPv6(server) ? `[${server}]` : server}:${port}/udp`;
}

/** The answer to one question, or in words why there is none. `server` is an address, or a name with one. */
export async function exchangeNtp(server: string, port: number, timeoutMs: number): Promise<Exchange | string> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(server) ? 'udp6' : 'udp4');
    const origin = randomBytes(8).readBigUInt64BE();
    let sentMs = 0;
    let stray: string | undefined;
    let isOver = false;
    const end = (outcome: Exchange | string): void => {
      if (isOver) return; // the listeners stay: an ICMP error that comes late must not end the process
      isOver = true;
      clearTimeout(timer);
      socket.close();
      resolve(outcome);
    };
    const timer = setTimeout(() => end(noAnswer(timeoutMs, stray)), timeoutMs);
    socket.on('error', (error: NodeJS.ErrnoException) => end(reason(error)));
    socket.on('message', (bytes) => {
      const receivedMs = wallClockMs();
      const reply = decodePacket(bytes);
      stray = notOurs(reply, origin, bytes.length);
      if (reply !== undefined && stray === undefined) end({ sentMs, reply, receivedMs });
    });
    socket.once('connect', () => {
      if (isOver) return;
      sentMs = wallClockMs();
      socket.send(encodePacket(clientRequest(origin)));
    });
    // Connected, so that the kernel drops what others send and reports a closed port.
    socket.connect(port, server);
  });
}

/** Why a packet is not the answer to our question; undefined when it is. */
function notOurs(reply: NtpPacket | undefined, origin: bigint, bytes: number): string | undefined {
  if (reply === undefined) return `${bytes} bytes, which are no NTP packet`;
  if (reply.mode !== MODE.server) return `a packet of mode ${reply.mode} instead of ${MODE.server}`;
  if (reply.version < 3 || reply.version > 4) return `a packet of NTP version ${reply.version}`;
  return reply.origin === origin ? undefined : 'an answer to another question (its origin timestamp is not ours)';
}

function noAnswer(timeoutMs: number, stray: string | undefined): string {
  const within = `no answer in ${timeoutMs / 1000} s`;
  return stray === undefined ? within : `${within}, only ${stray}`;
}

function reason(error: NodeJS.ErrnoException): string {
  return error.code === 'ECONNREFUSED' ? 'nothing listens there (port unreachable)' : error.message;
}

/** Milliseconds since 1970 with their fraction; `performance` alone would keep the clock of the start of this process. */
function wallClockMs(): number {
  const precise = performance.timeOrigin + performance.now();
  const coarse = Date.now();
  return Math.abs(precise - coarse) > 2 ? coarse : precise;
}
