import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import type { DhcpPacket } from '../../../src/dhcp/packet.ts';
import { dhcpAnswer, dhcpQuery } from '../../../src/probes/dhcp-via-host.ts';
import type { DhcpProbe } from '../../../src/probes/types.ts';
import { type DhcpServer, replyTo, soundAnswer, startDhcpServer } from './dhcp-server.ts';

const PROGRAMS = ['/bin/bash', '/usr/bin/base64'];
const run = promisify(execFile);
const servers: DhcpServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

/** What the command of a probe prints, run here instead of on a host. */
async function askHere(probe: DhcpProbe): Promise<ReturnType<typeof dhcpAnswer>> {
  const query = dhcpQuery(probe, probe.servers[0] ?? '');
  if (query === undefined) return undefined;
  const { stdout } = await run('/bin/bash', ['-c', query.command], { timeout: 20_000 });
  return dhcpAnswer(probe, query, stdout);
}

async function probeOf(answer: (question: DhcpPacket) => DhcpPacket | undefined): Promise<DhcpProbe> {
  const server = await startDhcpServer(answer);
  servers.push(server);
  return { kind: 'dhcp', servers: ['127.0.0.1'], port: server.port, link: '192.0.2.11', exchange: 'lease' };
}

describe.skipIf(!PROGRAMS.every((file) => existsSync(file)))(`a DISCOVER sent by bash (${PROGRAMS.join(', ')})`, () => {
  it('comes from the host’s own address towards the server, in one datagram', async () => {
    const questions: DhcpPacket[] = [];
    const probe = await probeOf((question) => {
      questions.push(question);
      return soundAnswer(question);
    });
    // Only ever an offer: what a host cannot give back, it does not take.
    expect(await askHere(probe)).toMatchObject({ ok: true, detail: expect.stringContaining('192.0.2.101 offered by') });
    expect(questions).toHaveLength(1);
    expect(questions[0]).toMatchObject({ giaddr: '127.0.0.1', hops: 1 });
  });

  it('proves nothing when nobody answers, or an answer is another’s', async () => {
    expect(await askHere(await probeOf(() => undefined))).toBeUndefined();
    expect(
      await askHere(await probeOf((question) => replyTo(question, 'offer', { xid: (question.xid ^ 1) >>> 0 }))),
    ).toBeUndefined();
    expect(await askHere(await probeOf((question) => replyTo(question, 'nak')))).toBeUndefined();
  });
});

describe('a DISCOVER for a host to send', () => {
  it('is asked of addresses only: nothing is looked up, nothing reaches the shell', () => {
    const probe: DhcpProbe = { kind: 'dhcp', servers: [], port: 67, link: '192.0.2.11', exchange: 'offer' };
    for (const server of ['ns1', '192.0.2.11; reboot', '$(reboot)', '::1', ''])
      expect(dhcpQuery(probe, server)).toBeUndefined();
  });

  it('takes garbage for no answer', () => {
    const probe: DhcpProbe = { kind: 'dhcp', servers: ['192.0.2.11'], port: 67, link: '192.0.2.11', exchange: 'offer' };
    const query = dhcpQuery(probe, '192.0.2.11');
    for (const text of ['', 'AAAA', '%%%', 'x'.repeat(5_000)])
      expect(query && dhcpAnswer(probe, query, text)).toBeUndefined();
  });
});
