import { describe, expect, it } from 'vitest';
import { type CorefileInput, corefile } from '../../../../roles/coredns/corefile.ts';
import { CorefileError } from '../../../../roles/coredns/errors.ts';
import { checkExtra } from '../../../../roles/coredns/extra.ts';
import { corefileForCheck, validation } from '../../../../roles/coredns/validation.ts';

const INPUT: CorefileInput = {
  listen: ['192.0.2.11', '2001:db8::11'],
  port: 53,
  zones: ['example.com'],
  zoneFolder: '/etc/coredns/zones',
  forwarders: ['203.0.113.53', 'tls://203.0.113.54'],
  cacheSec: 300,
  health: '127.0.0.1:8080',
  ready: '127.0.0.1:8181',
  prometheus: '127.0.0.1:9153',
  lameduckSec: 3,
  errors: true,
  log: false,
  transferTo: ['192.0.2.3'],
  extra: 'acl {\n    allow net 192.0.2.0/24\n}',
};

describe('the Corefile', () => {
  it('is written like this', () => {
    const { text, version } = corefile(INPUT);
    expect(text).toBe(`# Written by coreos-infra (roles/coredns). Changes made here are replaced by the next run.

bind:53 {
    bind 192.0.2.11 2001:db8::11
    chaos ${version}
    health 127.0.0.1:8080 {
        lameduck 3s
    }
    ready 127.0.0.1:8181
}

example.com:53 {
    bind 192.0.2.11 2001:db8::11
    errors
    bufsize 1232
    prometheus 127.0.0.1:9153
    acl {
        allow net 192.0.2.0/24
    }
    file /etc/coredns/zones/db.example.com example.com {
        reload 0
    }
    transfer {
        to 192.0.2.3
    }
}

.:53 {
    bind 192.0.2.11 2001:db8::11
    errors
    bufsize 1232
    prometheus 127.0.0.1:9153
    acl {
        allow net 192.0.2.0/24
    }
    cache 300
    forward . 203.0.113.53 tls://203.0.113.54
}
`);
  });

  it('bears its own hash, which changes with anything in it', () => {
    const variants: Partial<CorefileInput>[] = [
      {},
      { zones: ['example.net'] },
      { cacheSec: 60 },
      { listen: ['192.0.2.12'] },
      { extra: 'loadbalance' },
      { log: true },
    ];
    const versions = variants.map((change) => corefile({ ...INPUT, ...change }).version);
    expect(new Set(versions).size).toBe(variants.length);
    expect(versions.every((version) => /^coreos-infra-[0-9a-f]{16}$/.test(version))).toBe(true);
    expect(corefile(INPUT)).toEqual(corefile({ ...INPUT }));
  });

  it('has no block for other names without forwarders', () => {
    const { text } = corefile({ ...INPUT, forwarders: [] });
    expect(text).not.toMatch(/^\.:53/m);
    expect(text).not.toContain('forward');
  });

  it.each(['a b', 'a\n}', '{$HOME}', '"x"', 'x#y', '', 'a{'])('refuses %j as a word', (hostile) => {
    expect(() => corefile({ ...INPUT, zones: [hostile] })).toThrow(CorefileError);
    expect(() => corefile({ ...INPUT, forwarders: [hostile] })).toThrow(CorefileError);
    expect(() => corefile({ ...INPUT, health: hostile })).toThrow(CorefileError);
  });
});

describe('the copy for a trial run', () => {
  const { text } = corefileForCheck(INPUT);

  it('shares no port and no address with the server, and notifies nobody', () => {
    expect(text).not.toMatch(/:53\b/);
    expect(text).not.toContain('192.0.2.11');
    expect(text.match(/^ *(?!#)\S.*transfer|^ *to /gm)).toBeNull();
    expect(text).toContain('127.0.0.1:15380');
  });

  it('has each line where the Corefile has it, so that messages name the right one', () => {
    const lines = corefile(INPUT).text.split('\n');
    expect(text.split('\n')).toHaveLength(lines.length);
    expect(text.split('\n').findIndex((line) => line.includes('forward .'))).toBe(
      lines.findIndex((line) => line.includes('forward .')),
    );
  });

  it('looks at the zones as they will be', () => {
    expect(validation('docker.io/coredns/coredns:1.15.0', INPUT)).toMatchObject({
      preview: [{ path: '/etc/coredns/zones/db.example.com', as: 'zones/db.example.com' }],
      scratch: [{ as: 'Corefile.check', content: text }],
    });
  });
});

describe('extra text', () => {
  it.each([
    '',
    'loadbalance',
    'template IN A x.example {\n  answer "{{ .Name }} 60 IN A 192.0.2.1"\n}',
    '# a comment with }',
    'rewrite name "a }" b',
  ])('%j is taken', (text) => {
    expect(() => checkExtra(text)).not.toThrow();
  });

  it.each([
    ['}', '"}" without "{"'],
    ['acl {', '"{" without "}"'],
    ['acl {\n}\n}\n. {', '"}" without "{"'],
    ['reload', 'reload is written by the role'],
    ['health :9000', 'health is written by the role'],
    ['template {\n answer "open\n}', 'quote is not closed'],
  ])('%j is refused: %s', (text, message) => {
    expect(() => checkExtra(text, { file: 'dns.yaml', line: 3 })).toThrowError(
      expect.objectContaining({ message: `coredns_extra: ${message}`, where: { file: 'dns.yaml', line: 3 } }),
    );
  });
});
