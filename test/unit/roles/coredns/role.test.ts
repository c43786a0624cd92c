import { describe, expect, it } from 'vitest';
import { coredns } from '../../../../roles/coredns/index.ts';
import type { Resource } from '../../../../src/resources/types.ts';
import { zoneOf } from '../../dns/zones.ts';
import { contextOf, IMAGE } from './context.ts';

function resource(resources: readonly Resource[], id: string): Resource {
  const found = resources.find((one) => one.id === id);
  if (found === undefined) throw new Error(`no ${id}`);
  return found;
}

describe('role coredns', () => {
  it('describes image, folders, Corefile, zones, container and unit', () => {
    expect(coredns.resources(contextOf()).map(({ id }) => id)).toEqual([
      `image:${IMAGE}`,
      'directory:/etc/coredns',
      'directory:/etc/coredns/zones',
      'file:/etc/coredns/Corefile',
      'zone:example.com',
      'quadlet:coredns.container',
      'unit:coredns.service',
    ]);
  });

  it('restarts for the container, and reloads for Corefile and zones', () => {
    expect(resource(coredns.resources(contextOf()), 'unit:coredns.service')).toMatchObject({
      restartOn: ['quadlet:coredns.container'],
      reloadOn: ['file:/etc/coredns/Corefile', 'zone:example.com'],
    });
  });

  it('runs a container that needs nobody to start, and never gives up', () => {
    const { content } = resource(coredns.resources(contextOf()), 'quadlet:coredns.container') as { content: string };
    for (const line of [
      'Pull=never',
      'Network=host',
      'ReadOnly=true',
      'DropCapability=ALL',
      'AddCapability=NET_BIND_SERVICE',
      'Volume=/etc/coredns:/etc/coredns:ro,z',
      'Restart=always',
      'StartLimitIntervalSec=0',
      'ExecReload=/usr/bin/podman kill --signal USR1 coredns',
      'WantedBy=multi-user.target',
    ]) {
      expect(content).toContain(`\n${line}\n`);
    }
  });

  it('makes reverse zones, once for all hosts of a run', () => {
    const zones = [zoneOf(['www A 192.0.2.80'])];
    const [one, other] = [1, 2].map(() => coredns.resources(contextOf({ coredns_reverse: ['192.0.2.0/24'] }, zones)));
    expect(one?.map(({ id }) => id)).toContain('zone:2.0.192.in-addr.arpa');
    const zoneIn = (resources: readonly Resource[] = []): unknown =>
      (resource(resources, 'zone:2.0.192.in-addr.arpa') as { zone: unknown }).zone;
    expect(zoneIn(one)).toBe(zoneIn(other));
  });

  it('says where a reverse range stands that it cannot use', () => {
    expect(() => coredns.resources(contextOf({ coredns_reverse: ['192.0.2.0/25'] }))).toThrowError(
      expect.objectContaining({ code: 'E_REVERSE_ZONE', where: { file: 'inventory/group_vars/dns.yaml', line: 3 } }),
    );
  });

  it.each([
    ['an image without a tag', { coredns_image: 'docker.io/coredns/coredns' }, 'with a tag or digest'],
    ['the tag latest', { coredns_image: 'docker.io/coredns/coredns:latest' }, 'with a tag or digest'],
    ['a forwarder by name', { coredns_forwarders: ['dns.example.com'] }, 'an address, address:port or tls://address'],
    ['an address that ends the line', { coredns_listen: ['192.0.2.1\n}'] }, 'an IPv4 or IPv6 address'],
    ['a var that does not exist', { coredns_forwarder: ['192.0.2.1'] }, 'coredns_forwarder'],
  ])('refuses %s, in words', (_, vars, words) => {
    expect(() => contextOf(vars)).toThrowError(words);
  });

  it('probes on every address the loaded Corefile, and every zone with its serial', () => {
    const context = contextOf(
      { coredns_listen: ['192.0.2.11', '2001:db8::11'], coredns_probe_names: ['www.example.com'] },
      undefined,
      new Map([['example.com', 7]]),
    );
    const probes = coredns.probes?.(context) ?? [];
    expect(probes.map(({ kind }) => kind)).toEqual([
      'dns-version',
      'dns-zone',
      'dns-name',
      'dns-version',
      'dns-zone',
      'dns-name',
    ]);
    expect(probes[4]).toEqual({ kind: 'dns-zone', server: '2001:db8::11', port: 53, zone: 'example.com', serial: 7 });
    const version = probes[0]?.kind === 'dns-version' ? probes[0].expect : '';
    expect(
      (resource(coredns.resources(context), 'file:/etc/coredns/Corefile') as { content: string }).content,
    ).toContain(`chaos ${version}\n`);
  });

  it('does not probe loopback addresses, which are the controller’s own when it asks', () => {
    const context = contextOf({ coredns_listen: ['192.0.2.11', '127.0.0.1', '::1', '2001:db8::1'] });
    const servers = (coredns.probes?.(context) ?? []).map((probe) => ('server' in probe ? probe.server : ''));
    expect([...new Set(servers)]).toEqual(['192.0.2.11', '2001:db8::1']);
  });

  it('needs an address: a name cannot be bound to', () => {
    const context = contextOf();
    const named = { ...context, host: { ...context.host, address: 'ns1' } };
    expect(() => coredns.resources(named)).toThrowError(expect.objectContaining({ code: 'E_COREFILE', host: 'ns1' }));
  });
});
