/** dig(1) as a way to ask: its command line, its text read back as BIND 9.20 prints it, and when it is needed. */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { digCommand, parseDig } from '../../../src/probes/dig.ts';
import { judgeDns, questionOf, runDnsProbes } from '../../../src/probes/dns.ts';
import type { DnsQuestion } from '../../../src/probes/dns-exchange.ts';

const ZONE = { kind: 'dns-zone', server: '192.0.2.11', port: 53, zone: 'example.com', serial: 2026112002 } as const;
const VERSION = {
  kind: 'dns-version',
  server: '192.0.2.11',
  port: 53,
  expect: 'coreos-infra-a2629a6736de07c4',
} as const;
const NAME = { kind: 'dns-name', server: '192.0.2.11', port: 53, name: 'www.example.com', type: 'A' } as const;
const QUESTIONS: readonly DnsQuestion[] = [ZONE, VERSION, NAME].map(questionOf);

const ANSWERS = `;; Got answer:
;; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 26797
;; flags: qr aa; QUERY: 1, ANSWER: 1, AUTHORITY: 2, ADDITIONAL: 0

;; QUESTION SECTION:
;example.com.\t\t\tIN\tSOA

;; ANSWER SECTION:
example.com.\t\t3600\tIN\tSOA\tns1.example.com. hostmaster.example.com. 2026112002 7200 900 1209600 300

;; Got answer:
;; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 2002
;; flags: qr; QUERY: 1, ANSWER: 1, AUTHORITY: 0, ADDITIONAL: 0

;; QUESTION SECTION:
;version.bind.\t\t\tCH\tTXT

;; ANSWER SECTION:
version.bind.\t\t0\tCH\tTXT\t"coreos-infra-a2629a6736de07c4"

;; Got answer:
;; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 2003
;; flags: qr aa rd; QUERY: 1, ANSWER: 1, AUTHORITY: 0, ADDITIONAL: 0

;; QUESTION SECTION:
;WWW.example.com.\t\tIN\tA

;; ANSWER SECTION:
www.example.com.\t3600\tIN\tA\t192.0.2.80
`;

test('each answer is held against the probe that asked for it, like one from a socket', () => {
  const [zone, version, name] = parseDig(ANSWERS, QUESTIONS);
  if (zone === undefined || version === undefined || name === undefined) throw new Error('an outcome is missing');
  expect(judgeDns(ZONE, zone, zone)).toMatchObject({ ok: true, detail: 'serial 2026112002', serial: 2026112002 });
  expect(judgeDns({ ...ZONE, serial: 7 }, zone, zone)).toMatchObject({
    ok: false,
    detail: 'serial 2026112002, expected 7',
  });
  expect(judgeDns(VERSION, version, undefined)).toMatchObject({ ok: true });
  expect(judgeDns({ ...NAME, expect: '192.0.2.80' } as const, name, undefined)).toMatchObject({ ok: true });
});

test('without the flag aa an answer is not authoritative', () => {
  const [zone] = parseDig(ANSWERS.replace('flags: qr aa;', 'flags: qr;'), QUESTIONS);
  if (zone === undefined) throw new Error('no outcome');
  expect(judgeDns(ZONE, zone, zone)).toMatchObject({ ok: false, detail: expect.stringContaining('not authoritative') });
});

test('what is not in the text was not answered: silent, but for a refusal', () => {
  const silent = ';; communications error to 192.0.2.11#53: timed out\n;; no servers could be reached\n';
  expect(parseDig(silent, QUESTIONS)).toEqual(QUESTIONS.map(() => ({ failure: 'no answer', silent: true })));
  const refused = ';; Connection to 192.0.2.11#53(192.0.2.11) for example.com failed: connection refused.\n';
  expect(parseDig(refused, QUESTIONS)[0]).toEqual({ failure: 'connection refused' });
  expect(judgeDns(ZONE, { failure: 'x', silent: true }, { failure: 'x', silent: true }).silent).toBe(true);
  expect(judgeDns(ZONE, { failure: 'x', silent: true }, { failure: 'refused' }).silent).toBeUndefined();
});

test('an answer that was cut off, or that is no answer of dig, is none', () => {
  expect(parseDig(';; Got answer:\n;; ->>HEADER<<- opcode: QUERY, sta', QUESTIONS)[0]).toHaveProperty('silent', true);
  expect(parseDig('\u001b]0;title\u0007 nonsense', QUESTIONS)[0]).toHaveProperty('silent', true);
});

test('all questions are one bounded command, and a name is never an option', () => {
  const odd = { ...(QUESTIONS[0] as DnsQuestion), name: "a'b" };
  expect(digCommand([...QUESTIONS.slice(0, 2), odd], { tcp: true, timeoutSec: 2, totalSec: 6 })).toBe(
    "LC_ALL=C timeout -k 1 6 dig @192.0.2.11 -p 53 +tcp +noall +comments +question +answer '+tries=1' '+time=2' +noedns " +
      "-q example.com. -t SOA -c IN +norecurse -q version.bind. -t TXT -c CH +norecurse -q 'a'\\''b.' -t SOA -c IN +norecurse",
  );
});

test('a server that takes connections and says nothing is not silent: it can be reached, and does not serve', async () => {
  const tcp = createServer(() => {});
  await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve));
  const address = tcp.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const udp = createSocket('udp4');
  await new Promise<void>((resolve) => udp.bind(address.port, '127.0.0.1', resolve));
  const probe = { ...ZONE, server: '127.0.0.1', port: address.port };
  const [result] = await runDnsProbes([probe], { timeoutMs: 100, tries: 1 });
  expect(result).toMatchObject({ ok: false, detail: 'no answer in 0.1 s (1 try)' });
  expect(result).not.toHaveProperty('silent');
  udp.close();
  tcp.close();
});
