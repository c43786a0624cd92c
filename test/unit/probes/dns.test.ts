import { afterEach, describe, expect, it } from 'vitest';
import { runDnsProbes } from '../../../src/probes/dns.ts';
import type { DnsNameProbe, DnsVersionProbe, DnsZoneProbe } from '../../../src/probes/types.ts';
import { type DnsServer, type Reply, soa, startDnsServer } from './dns-server.ts';

type Asked = Parameters<Parameters<typeof startDnsServer>[0]>[0];

const timing = { timeoutMs: 150, tries: 2 };
let server: DnsServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function serve(reply: (asked: Asked) => Reply): Promise<void> {
  server = await startDnsServer(reply);
}

const at = (): { readonly server: string; readonly port: number } => ({ server: '127.0.0.1', port: server?.port ?? 1 });
const zone = (name: string, serial?: number): DnsZoneProbe => ({
  kind: 'dns-zone',
  ...at(),
  zone: name,
  ...(serial === undefined ? {} : { serial }),
});
const version = (expect: string): DnsVersionProbe => ({ kind: 'dns-version', ...at(), expect });
const name = (expect?: string): DnsNameProbe => ({
  kind: 'dns-name',
  ...at(),
  name: 'www.example.com',
  type: 'A',
  ...(expect === undefined ? {} : { expect }),
});
const serves = ({ question }: Asked): Reply => ({ answers: [soa(question.name, 7)] });

describe('DNS probes', () => {
  it('pass for a zone that is answered with authority over UDP and TCP', async () => {
    await serve(serves);
    expect(await runDnsProbes([zone('example.com', 7), zone('example.net')], timing)).toMatchObject([
      { ok: true, serial: 7, detail: 'serial 7', service: 'dns', name: `SOA example.com @127.0.0.1:${server?.port}` },
      { ok: true, serial: 7 },
    ]);
  });

  it.each<[string, Reply, string]>([
    [
      'without authority',
      { answers: [soa('example.com', 7)], authoritative: false },
      'serial 7, but not authoritative',
    ],
    ['with another serial', { answers: [soa('example.com', 6)] }, 'serial 6, expected 7'],
    ['SERVFAIL', { rcode: 2 }, 'SERVFAIL'],
    ['nothing', {}, 'answers without an SOA record'],
  ])('fail when the answer is %s', async (_, reply, detail) => {
    await serve(() => reply);
    expect(await runDnsProbes([zone('example.com', 7)], timing)).toMatchObject([
      { ok: false, detail, name: expect.stringContaining('/udp') as string },
    ]);
  });

  it('fail when only one transport answers, and say which one does not', async () => {
    await serve((asked) => (asked.transport === 'udp' ? serves(asked) : undefined));
    expect(await runDnsProbes([zone('example.com')], timing)).toMatchObject([
      { ok: false, name: expect.stringContaining('/tcp') as string, detail: 'no answer in 0.3 s' },
    ]);
  });

  it('are asked again when a packet is lost', async () => {
    await serve((asked) => (asked.transport === 'udp' && asked.number === 1 ? undefined : serves(asked)));
    expect(await runDnsProbes([zone('example.com')], timing)).toMatchObject([{ ok: true }]);
  });

  it('do not believe an answer with another id or to another question', async () => {
    await serve(({ question, transport }) =>
      transport === 'tcp'
        ? serves({ question, transport, number: 1 })
        : { answers: [soa('example.com', 7)], question: { ...question, name: 'example.org' } },
    );
    expect(await runDnsProbes([zone('example.com')], timing)).toMatchObject([
      { ok: false, detail: 'no answer in 0.3 s (2 tries)' },
    ]);
  });

  it('end at once where nothing listens', async () => {
    const started = performance.now();
    const [result] = await runDnsProbes([zone('example.com')], { timeoutMs: 10_000, tries: 3 });
    expect(result).toMatchObject({ ok: false, detail: 'nothing listens there (port unreachable)' });
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it('fail, and do not crash, for a server whose name does not resolve', async () => {
    const [result] = await runDnsProbes(
      [{ kind: 'dns-version', server: 'no-such-host.invalid', port: 53, expect: 'x' }],
      timing,
    );
    expect(result).toMatchObject({ ok: false, detail: expect.stringContaining('no-such-host.invalid') as string });
  });

  it('tell which configuration is loaded by version.bind', async () => {
    await serve(({ question }) => ({
      answers: [{ type: 'TXT', class: 'CH', name: question.name, ttl: 0, data: 'coreos-infra-1' }],
    }));
    const results = await runDnsProbes([version('coreos-infra-1'), version('coreos-infra-2')], timing);
    expect(results.map(({ ok }) => ok)).toEqual([true, false]);
    expect(results[1]?.detail).toContain('answers "coreos-infra-1", expected "coreos-infra-2"');
  });

  it('ask a name, and again over TCP when the answer was cut', async () => {
    await serve(({ question, transport }) =>
      transport === 'udp'
        ? { cut: true }
        : { answers: [{ type: 'A', name: question.name, ttl: 1, data: '192.0.2.80' }] },
    );
    expect(await runDnsProbes([name('192.0.2.80'), name(), name('192.0.2.81')], timing)).toMatchObject([
      { ok: true },
      { ok: true },
      { ok: false, detail: 'NOERROR 192.0.2.80, expected 192.0.2.81' },
    ]);
  });

  it('take one connection for a hundred zones, and are quick', async () => {
    await serve(serves);
    const probes = Array.from({ length: 250 }, (_, i) => zone(`z${i}.example`, 7));
    const results = await runDnsProbes(probes, { timeoutMs: 2_000, tries: 3 });
    expect(results.filter(({ ok }) => !ok)).toEqual([]);
    expect(server?.connections()).toBe(3);
  });
});
