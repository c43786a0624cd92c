import { afterEach, describe, expect, it } from 'vitest';
import { OPTION } from '../../../src/dhcp/options.ts';
import type { DhcpPacket } from '../../../src/dhcp/packet.ts';
import { type ProbeTiming, runProbes } from '../../../src/probes/run.ts';
import type { DhcpProbe, ProbeResult } from '../../../src/probes/types.ts';
import { type DhcpServer, replyTo, soundAnswer, startDhcpServer } from './dhcp-server.ts';

const servers: DhcpServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function server(answer: (question: DhcpPacket, number: number) => DhcpPacket | undefined): Promise<DhcpServer> {
  const started = await startDhcpServer(answer);
  servers.push(started);
  return started;
}

async function ask(
  port: number,
  change: Partial<DhcpProbe> = {},
  timing: Partial<ProbeTiming> = {},
): Promise<ProbeResult> {
  const probe: DhcpProbe = {
    kind: 'dhcp',
    servers: ['127.0.0.1'],
    port,
    link: '192.0.2.11',
    exchange: 'offer',
    ...change,
  };
  const [result] = await runProbes([probe], { timeoutMs: 5_000, tries: 1, ...timing });
  if (result === undefined) throw new Error('no result');
  return result;
}

describe('the dhcp probe', () => {
  it('passes with an offer, and takes nothing', async () => {
    const { port, heard } = await server(soundAnswer);
    const result = await ask(port);
    expect(result).toMatchObject({ ok: true, service: 'dhcp' });
    expect(result.silent).toBeUndefined();
    expect(result.detail).toBe('192.0.2.101 offered by 192.0.2.11, dns 192.0.2.11 192.0.2.12');
    expect(heard).toEqual(['discover']);
  });

  it('takes a lease on request, and gives it back', async () => {
    const { port, heard } = await server(soundAnswer);
    expect(await ask(port, { exchange: 'lease' })).toMatchObject({ ok: true });
    await expect.poll(() => heard, { timeout: 5_000 }).toEqual(['discover', 'request', 'release']);
  });

  it('says where it is asked from and for whom', async () => {
    const questions: DhcpPacket[] = [];
    const { port } = await server((question) => {
      questions.push(question);
      return soundAnswer(question);
    });
    await ask(port);
    await ask(port);
    expect(questions[0]).toMatchObject({ giaddr: '127.0.0.1', hops: 1 });
    expect(questions[0]?.options.get(OPTION.relayAgent)?.subarray(2, 6)).toEqual(Buffer.from([192, 0, 2, 11]));
    // Always the same client, so that pools do not drain; a transaction of its own each time.
    expect(questions[1]?.chaddr).toEqual(questions[0]?.chaddr);
    expect(questions[1]?.xid).not.toBe(questions[0]?.xid);
  });

  it('is enough that one of the servers offers', async () => {
    const { port } = await server(soundAnswer);
    // Nothing listens at the second address.
    expect(await ask(port, { servers: ['127.0.0.2', '127.0.0.1'] })).toMatchObject({ ok: true });
  });

  it('fails with the words of the server that refuses', async () => {
    const { port } = await server((question) =>
      question.options.get(OPTION.messageType)?.[0] === 1 ? soundAnswer(question) : replyTo(question, 'nak'),
    );
    expect(await ask(port, { exchange: 'lease' })).toMatchObject({ ok: false, detail: 'refused: wrong network' });
  });

  it('fails where nothing listens', async () => {
    const { port, close } = await startDhcpServer(soundAnswer);
    await close();
    expect(await ask(port)).toMatchObject({ ok: false, detail: 'nothing listens there (port unreachable)' });
  });

  it('leaves the judgement to others when nothing comes back, and warns', async () => {
    const { port, heard } = await server(() => undefined);
    const result = await ask(port, {}, { timeoutMs: 150, tries: 2 });
    expect(result).toMatchObject({
      ok: true,
      silent: true,
      warning: expect.stringContaining('no DHCP server answered'),
    });
    expect(heard).toEqual(['discover', 'discover']);
  });

  it('takes no answer to another question for its own', async () => {
    const { port } = await server((question) => replyTo(question, 'offer', { xid: (question.xid ^ 1) >>> 0 }));
    expect(await ask(port, {}, { timeoutMs: 150 })).toMatchObject({ ok: true, silent: true });
    const other = await server((question) => replyTo(question, 'offer', { chaddr: Buffer.alloc(6, 1) }));
    expect(await ask(other.port, {}, { timeoutMs: 150 })).toMatchObject({ ok: true, silent: true });
  });
});
