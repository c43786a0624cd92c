/** The Corefile that the role writes, loaded by the real CoreDNS; and the probes against it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CorefileInput, corefile } from '../../roles/coredns/corefile.ts';
import { renderZone } from '../../src/dns/render.ts';
import { runDnsProbes } from '../../src/probes/dns.ts';
import type { Probe, ProbeResult } from '../../src/probes/types.ts';
import { zoneOf } from '../unit/dns/zones.ts';
import { freePorts, type Running, startWith } from './coredns-process.ts';
import { noLab } from './requirements.ts';

const folder = mkdtempSync(join(tmpdir(), 'corefile-test-'));
const timing = { timeoutMs: 1_000, tries: 2 };
let input: CorefileInput;
let running: Running;

function writeZone(name: string, serial: number): void {
  writeFileSync(join(folder, `db.${name}`), renderZone(zoneOf(['www A 192.0.2.80'], name), serial));
}

type DnsProbe = Extract<Probe, { kind: 'dns-zone' | 'dns-version' | 'dns-name' }>;
type Question = DnsProbe extends infer P ? (P extends DnsProbe ? Omit<P, 'server' | 'port'> : never) : never;

async function ask(...questions: readonly Question[]): Promise<readonly ProbeResult[]> {
  return runDnsProbes(
    questions.map((question) => ({ ...question, server: '127.0.0.1', port: input.port }) as DnsProbe),
    timing,
  );
}

beforeAll(async () => {
  if (noLab !== undefined) return;
  const [port, health, ready, metrics] = (await freePorts(4)) as [number, number, number, number];
  input = {
    listen: ['127.0.0.1'],
    port,
    zones: ['example.com', 'example.net'],
    zoneFolder: folder,
    forwarders: [],
    cacheSec: 300,
    health: `127.0.0.1:${health}`,
    ready: `127.0.0.1:${ready}`,
    prometheus: `127.0.0.1:${metrics}`,
    lameduckSec: 0,
    errors: true,
    log: false,
    transferTo: [],
    // The lab's program has the plugins that the role writes, not all that a user may add.
    extra: 'any',
  };
  for (const zone of input.zones) writeZone(zone, 7);
  const started = await startWith(corefile(input).text, [port, health, ready, metrics]);
  if ('refusal' in started) throw new Error(started.refusal);
  running = started;
}, 600_000);

afterAll(async () => {
  await running?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(noLab !== undefined)('the Corefile in CoreDNS', () => {
  it('serves every zone over UDP and TCP, and says which Corefile is loaded', async () => {
    const results = await ask(
      { kind: 'dns-version', expect: corefile(input).version },
      { kind: 'dns-zone', zone: 'example.com', serial: 7 },
      { kind: 'dns-zone', zone: 'example.net' },
      { kind: 'dns-name', name: 'www.example.com', type: 'A', expect: '192.0.2.80' },
    );
    expect(results.filter(({ ok }) => !ok)).toEqual([]);
    expect(results.map(({ serial }) => serial)).toEqual([undefined, 7, 7, undefined]);
  });

  it('refuses names that it has no zone for', async () => {
    const [result] = await ask({ kind: 'dns-zone', zone: 'example.org' });
    expect(result).toMatchObject({ ok: false, detail: 'REFUSED' });
  });

  it('is not taken for another one, nor a serial for another', async () => {
    const results = await ask(
      { kind: 'dns-version', expect: 'coreos-infra-0000000000000000' },
      { kind: 'dns-zone', zone: 'example.com', serial: 8 },
      { kind: 'dns-name', name: 'www.example.com', type: 'A', expect: '192.0.2.81' },
    );
    expect(results.map(({ ok }) => ok)).toEqual([false, false, false]);
    expect(results[1]?.detail).toBe('serial 7, expected 8');
  });

  it('loads another Corefile and other zones by SIGUSR1 alone, and the answers prove it', async () => {
    writeZone('example.com', 8);
    const changed = corefile({ ...input, forwarders: ['127.0.0.1:1'] });
    running.reload(changed.text);
    for (let i = 0; i < 100; i++) {
      const results = await ask(
        { kind: 'dns-version', expect: changed.version },
        { kind: 'dns-zone', zone: 'example.com', serial: 8 },
      );
      if (results.every(({ ok }) => ok)) return;
      await sleep(20);
    }
    throw new Error('not loaded within 2 s');
  });

  it('goes on serving the old one when the new one is broken', async () => {
    const [before] = await ask({ kind: 'dns-zone', zone: 'example.com' });
    running.reload('nonsense {\n');
    await sleep(200);
    const [after] = await ask({ kind: 'dns-zone', zone: 'example.com' });
    expect(after).toMatchObject({ ok: true, serial: before?.serial });
  });
});
