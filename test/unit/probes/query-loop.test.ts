import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { messageOf } from '../../../src/dhcp/options.ts';
import { QueryLoop, type QueryTarget } from '../../../src/probes/query-loop.ts';
import { soundReply, startResponder } from '../ntp/responder.ts';
import { type DhcpServer, soundAnswer, startDhcpServer } from './dhcp-server.ts';
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
  const PAIR = ['ns1', 'ns2'] as const;
  /** A tenth of a real client's delay. */
  const AGAIN_MS = 400;

  /** The first server answers as told, the second is a standby. */
  async function askPair(
    answer: Parameters<typeof startDhcpServer>[0],
    timeoutMs: number,
  ): Promise<Awaited<ReturnType<QueryLoop['stop']>> & { readonly heard: DhcpServer['questions'] }> {
    const both = await Promise.all([startDhcpServer(answer), startDhcpServer(() => undefined)]);
    try {
      const targets = both.map(({ port }, index): QueryTarget => {
        return { service: 'dhcp', name: PAIR[index] ?? '', server: '127.0.0.1', port, link: '192.0.2.11' };
      });
      const loop = new QueryLoop(targets, { rate: 20, timeoutMs, againAfterMs: () => AGAIN_MS });
      loop.start();
      // By events: a busy machine is late with them.
      while ((both[0]?.questions.length ?? 0) < 8) await sleep(20);
      return { ...(await loop.stop()), heard: both[0]?.questions ?? [] };
    } finally {
      await Promise.all(both.map((server) => server.close()));
    }
  }

  it('is answered by whoever of the servers is there for the client', async () => {
    const { group, members, heard } = await askPair(soundAnswer, SURELY_MS);
    expect(group.asked).toBeGreaterThan(3);
    expect(group).toMatchObject({ answered: group.asked, longestGapMs: 0 });
    expect(members['ns2']).toMatchObject({ answered: 0 });
    expect(new Set(heard.map((question) => messageOf(question)))).toEqual(new Set(['discover']));
  });

  it('asks again, in the same transaction, when a packet was lost, and says so', async () => {
    const { group, heard } = await askPair(
      (question, number) => (number === 0 ? undefined : soundAnswer(question)),
      SURELY_MS,
    );
    expect(group.answered).toBe(group.asked);
    expect(group.askedAgain).toBeGreaterThanOrEqual(1);
    const [lost] = heard;
    const repeated = heard.filter(({ xid }) => xid === lost?.xid);
    expect(repeated.length).toBe(2);
  });

  it('shows how long nobody was answered although all were when they asked again', async () => {
    const { group } = await askPair((question, number) => (number < 3 ? undefined : soundAnswer(question)), 300);
    expect(group.answered).toBe(group.asked);
    expect(group.askedAgain).toBeGreaterThanOrEqual(3);
    expect(group.longestGapMs).toBeGreaterThanOrEqual(100);
  });

  it('gives a query up that was asked twice, and ends by itself', async () => {
    const { group, heard } = await askPair(() => undefined, 200);
    expect(group).toMatchObject({ answered: 0, askedAgain: group.asked });
    expect(heard.length).toBeGreaterThan(group.asked);
  });

  it('tells the servers how long it has waited', async () => {
    const server = await startDhcpServer((question) => (question.secs === 0 ? undefined : soundAnswer(question)));
    try {
      const loop = new QueryLoop(
        [{ service: 'dhcp', name: 'ns1', server: '127.0.0.1', port: server.port, link: '192.0.2.11' }],
        { rate: 1, timeoutMs: SURELY_MS },
      );
      loop.start();
      await sleep(100);
      const { group } = await loop.stop();
      expect(group).toMatchObject({ asked: 1, answered: 1, askedAgain: 1 });
      expect(server.questions.map(({ secs }) => secs)[1]).toBeGreaterThanOrEqual(3);
    } finally {
      await server.close();
    }
  }, 20_000);
});
