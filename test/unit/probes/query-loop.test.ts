import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { QueryLoop, type QueryTarget } from '../../../src/probes/query-loop.ts';
import { soundReply, startResponder } from '../ntp/responder.ts';
import { soundAnswer, startDhcpServer } from './dhcp-server.ts';
import { type DnsServer, type Reply, soa, startDnsServer } from './dns-server.ts';

const servers: DnsServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function member(
  name: string,
  isLost: (number: number) => boolean,
  reply: Reply = { answers: [soa('example.com', 7)] },
): Promise<QueryTarget> {
  const server = await startDnsServer(({ number }) => (isLost(number) ? undefined : reply));
  servers.push(server);
  return { service: 'dns', name, server: '127.0.0.1', port: server.port, zones: ['example.com', 'example.net'] };
}

/** For queries that are lost on purpose: stop() waits so long for their answers. */
const LOST_MS = 500;
/** For queries that are answered, however busy this machine is. */
const SURELY_MS = 10_000;

async function runWithin(timeoutMs: number, targets: readonly QueryTarget[]): ReturnType<QueryLoop['stop']> {
  const loop = new QueryLoop(targets, { rate: 100, timeoutMs });
  loop.start();
  await sleep(300);
  return loop.stop();
}

describe('the query loop', () => {
  it('has no gap when every query is answered', async () => {
    const { group, members } = await runWithin(SURELY_MS, [
      await member('ns1', () => false),
      await member('ns2', () => false),
    ]);
    expect(group.answered).toBe(group.asked);
    expect(group.asked).toBeGreaterThan(10);
    expect(members).toMatchObject({ ns1: { longestGapMs: 0 }, ns2: { longestGapMs: 0 } });
  });

  it('measures a gap of one member from the first lost query to the next answer; the group has none', async () => {
    const { group, members } = await runWithin(2_000, [
      await member('ns1', () => false),
      await member('ns2', (number) => number >= 5 && number < 10),
    ]);
    const { asked = 0, answered = 0, longestGapMs = 0 } = members['ns2'] ?? {};
    expect(asked - answered).toBe(5);
    expect(longestGapMs).toBeGreaterThanOrEqual(40);
    expect(longestGapMs).toBeLessThan(2_000);
    expect(group).toMatchObject({ longestGapMs: 0, answered: group.asked });
  });

  it('counts an error for an answer as none', async () => {
    const { members } = await runWithin(SURELY_MS, [await member('ns1', () => false, { rcode: 2 })]);
    expect(members['ns1']).toMatchObject({ answered: 0 });
    expect(members['ns1']?.longestGapMs).toBeGreaterThan(100);
  });

  it('survives a member where nothing listens', async () => {
    const { group } = await runWithin(LOST_MS, [
      { service: 'dns', name: 'ns1', server: '127.0.0.1', port: 1, zones: ['example.com'] },
    ]);
    expect(group.answered).toBe(0);
  });
});

describe('the query loop of time', () => {
  it('counts answers that tell the time, and no others', async () => {
    const sound = await startResponder((request) => [soundReply(request)]);
    const lost = await startResponder((request) => [{ ...soundReply(request), leap: 3 }]);
    try {
      const { group, members } = await runWithin(SURELY_MS, [
        { service: 'ntp', name: 'ns1', server: '127.0.0.1', port: sound.port },
        { service: 'ntp', name: 'ns2', server: '127.0.0.1', port: lost.port },
      ]);
      expect(group.asked).toBeGreaterThan(10);
      expect(group).toMatchObject({ answered: group.asked, longestGapMs: 0 });
      expect(members['ns2']).toMatchObject({ answered: 0 });
    } finally {
      await sound.close();
      await lost.close();
    }
  });
});

describe('the query loop of addresses', () => {
  it('is answered by whoever of the servers is there for the client', async () => {
    const active = await startDhcpServer(soundAnswer);
    const standby = await startDhcpServer(() => undefined);
    try {
      const { group, members } = await runWithin(2_000, [
        { service: 'dhcp', name: 'ns1', server: '127.0.0.1', port: active.port, link: '192.0.2.11' },
        { service: 'dhcp', name: 'ns2', server: '127.0.0.1', port: standby.port, link: '192.0.2.11' },
      ]);
      expect(group.asked).toBeGreaterThan(10);
      expect(group).toMatchObject({ answered: group.asked, longestGapMs: 0 });
      expect(members['ns2']).toMatchObject({ answered: 0 });
      expect(new Set(active.heard)).toEqual(new Set(['discover']));
    } finally {
      await active.close();
      await standby.close();
    }
  });
});
