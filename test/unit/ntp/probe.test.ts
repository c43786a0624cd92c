/** The `ntp` probe against a real UDP responder that misbehaves in every way that a network offers. */
import { createSocket } from 'node:dgram';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { runProbes } from '../../../src/probes/run.ts';
import type { NtpProbe, ProbeResult } from '../../../src/probes/types.ts';
import { type Behaviour, type Responder, soundReply, startResponder } from './responder.ts';

let responder: Responder | undefined;
afterEach(async () => {
  await responder?.close();
  responder = undefined;
});

const probeOf = (port: number, server = '127.0.0.1'): NtpProbe => ({
  kind: 'ntp',
  server,
  port,
  localStratum: 10,
  maxOffsetMs: 1000,
  maxRootDistanceMs: 1500,
});

async function ask(behaviour: Behaviour, timing = { timeoutMs: 2_000, tries: 1 }): Promise<ProbeResult> {
  responder = await startResponder(behaviour);
  const [result] = await runProbes([probeOf(responder.port)], timing);
  if (result === undefined) throw new Error('no result');
  return result;
}
const QUICK = { timeoutMs: 60, tries: 1 };

describe('the ntp probe', () => {
  it('passes on a sound answer, and says offset and stratum', async () => {
    const result = await ask((request) => [soundReply(request)]);
    expect(result).toMatchObject({ ok: true, service: 'ntp', name: `time @127.0.0.1:${responder?.port}/udp` });
    expect(result.detail).toMatch(/^[+−][0-9.]+ ms, stratum 2$/);
    expect(Math.abs(result.time?.offsetMs ?? 99)).toBeLessThan(50);
    expect(result.time).toMatchObject({ stratum: 2, follows: 'source' });
  });

  it('asks as a version 4 client, with another random transmit timestamp each time', async () => {
    await ask(() => [], { timeoutMs: 40, tries: 3 });
    expect(responder?.asked.map(({ version, mode, leap, origin }) => [version, mode, leap, origin])).toEqual(
      Array(3).fill([4, 3, 0, 0n]),
    );
    expect(new Set(responder?.asked.map(({ transmit }) => transmit)).size).toBe(3);
  });

  it('fails when nobody answers, after its own deadline', async () => {
    expect(await ask(() => [], QUICK)).toMatchObject({ ok: false, detail: 'no answer in 0.06 s' });
  });

  it('does not wait when the port is closed', async () => {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    const { port } = socket.address() as AddressInfo;
    await new Promise<void>((resolve) => socket.close(() => resolve()));
    const [result] = await runProbes([probeOf(port)], { timeoutMs: 10_000, tries: 1 });
    expect(result).toMatchObject({ ok: false, detail: 'nothing listens there (port unreachable)' });
    expect(result?.tookMs).toBeLessThan(5_000);
  });

  it('passes at the second try when the first question is lost', async () => {
    let count = 0;
    const result = await ask((request) => (count++ === 0 ? [] : [soundReply(request)]), { timeoutMs: 100, tries: 2 });
    expect(result.ok).toBe(true);
  });

  it.each<readonly [string, Behaviour, string]>([
    [
      'an answer to another question',
      (request) => [{ ...soundReply(request), origin: request.transmit ^ 1n }],
      'an answer to another question (its origin timestamp is not ours)',
    ],
    [
      'an echo of the question',
      (request) => [{ ...request, origin: request.transmit }],
      'a packet of mode 3 instead of 4',
    ],
    ['a broadcast', (request) => [{ ...soundReply(request), mode: 5 }], 'a packet of mode 5 instead of 4'],
    ['NTP version 1', (request) => [{ ...soundReply(request), version: 1 }], 'a packet of NTP version 1'],
    ['half a packet', () => [Buffer.alloc(47)], '47 bytes, which are no NTP packet'],
  ])('does not take %s for an answer', async (_title, behaviour, what) => {
    expect(await ask(behaviour, QUICK)).toMatchObject({ ok: false, detail: `no answer in 0.06 s, only ${what}` });
  });

  it('finds the true answer behind forged ones', async () => {
    const result = await ask((request) => [
      Buffer.from('garbage'),
      { ...soundReply(request, 45_000), origin: 1n },
      soundReply(request),
    ]);
    expect(result.ok).toBe(true);
  });

  it.each<readonly [string, Behaviour, RegExp]>([
    [
      'a kiss-o’-death RATE',
      (request) => [{ ...soundReply(request), stratum: 0, refId: Buffer.from('RATE').readUInt32BE() }],
      /kiss-o'-death RATE/,
    ],
    ['stratum 16', (request) => [{ ...soundReply(request), stratum: 16 }], /not synchronised \(leap 0, stratum 16\)/],
    ['leap 3', (request) => [{ ...soundReply(request), leap: 3 }], /not synchronised \(leap 3, stratum 2\)/],
    ['a clock 45 s ahead', (request) => [soundReply(request, 45_000)], /45\.0 s ahead of this machine's/],
    ['a clock an hour behind', (request) => [soundReply(request, -3_600_000)], /3600\.0 s behind this machine's/],
    ['a far root', (request) => [{ ...soundReply(request), rootDispersionSec: 9 }], /root distance 9\.0 s/],
  ])('fails at once on %s', async (_title, behaviour, detail) => {
    const result = await ask(behaviour);
    expect(result.ok).toBe(false);
    expect(result.detail).toMatch(detail);
    expect(result.tookMs).toBeLessThan(1_500);
  });

  it('takes the offset from the quickest of three answers when the first was slow', async () => {
    let count = 0;
    const result = await ask((request) => {
      const received = performance.now();
      while (count === 0 && performance.now() - received < 80);
      count++;
      const reply = soundReply(request);
      return [{ ...reply, receive: reply.transmit }];
    });
    expect(result.ok).toBe(true);
    expect(result.time?.delayMs).toBeLessThan(60);
    expect(responder?.asked.length).toBeGreaterThan(1);
    expect(responder?.asked.length).toBeLessThanOrEqual(3);
  });

  it('is content with one slow answer when no other comes', async () => {
    let count = 0;
    const result = await ask((request) => {
      const received = performance.now();
      while (performance.now() - received < 20);
      return count++ === 0 ? [soundReply(request)] : [];
    });
    expect(result.ok).toBe(true);
    expect(result.tookMs).toBeLessThan(1_000);
  });

  it('passes with a warning on a server that serves its own clock', async () => {
    const result = await ask((request) => [{ ...soundReply(request), stratum: 10, refId: 0x7f7f0101 }]);
    expect(result).toMatchObject({
      ok: true,
      warning: 'not synchronised to a source: serves its own clock',
      time: { follows: 'own-clock' },
    });
  });

  it('asks over IPv6', async () => {
    responder = await startResponder((request) => [soundReply(request)], '::1');
    const [result] = await runProbes([probeOf(responder.port, '::1')], { timeoutMs: 2_000, tries: 1 });
    expect(result).toMatchObject({ ok: true, name: `time @[::1]:${responder.port}/udp` });
  });

  it('fails in words on a name that does not resolve', async () => {
    const [result] = await runProbes([probeOf(123, 'no-such-host.invalid')], { timeoutMs: 5_000, tries: 1 });
    expect(result?.ok).toBe(false);
    expect(result?.detail).toMatch(/no-such-host\.invalid|no answer/);
  });
});
