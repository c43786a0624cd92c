/** What the inventory may say, and what is refused before any host is touched. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chronyConf } from '../../../../roles/chrony/chrony-conf.ts';
import { chronySettings } from '../../../../roles/chrony/settings.ts';
import { sourcesFile } from '../../../../roles/chrony/sources.ts';
import type { VarValue } from '../../../../src/inventory/model.ts';
import { InvalidValueError } from '../../../../src/schema/errors.ts';
import { contextOf, type Options } from './context.ts';

const refusal = (vars: Record<string, VarValue>, options?: Options): InvalidValueError => {
  try {
    chronySettings(contextOf(vars, options));
  } catch (error) {
    if (error instanceof InvalidValueError) return error;
    throw error;
  }
  throw new Error('it was accepted');
};

describe('chrony’s vars', () => {
  it('default to a pair on its own: each other’s peers, serving their network', () => {
    const settings = chronySettings(contextOf());
    expect(settings.upstreams).toEqual([]);
    expect(settings.peers).toMatchObject([{ kind: 'peer', host: '192.0.2.12' }]);
    expect(settings.allow).toEqual(['192.0.2.0/24']);
  });

  it('serve the network of an IPv6 host', () => {
    const { allow } = chronySettings(contextOf({}, { address: '2001:db8:0:1::11', prefix: 64 }));
    expect(allow).toEqual(['2001:db8:0:1::/64']);
  });

  it('name no peer when there is only one host, or when peers are not wanted', () => {
    expect(chronySettings(contextOf({}, { members: [] })).peers).toEqual([]);
    expect(chronySettings(contextOf({ peers: false })).peers).toEqual([]);
  });

  it.each<readonly [string, Record<string, VarValue>]>([
    ['a second line', { servers: ['a.example\nallow 0/0'] }],
    ['options smuggled in', { servers: ['a.example nts'] }],
    ['a comment', { servers: ['a.example#'] }],
    ['a command', { servers: ["a.example';id'"] }],
    ['an option for chronyd', { servers: ['-x'] }],
    ['nothing', { servers: [''] }],
    ['text that is too long', { servers: [`${'a.'.repeat(127)}example`] }],
    ['a hostile pool', { pools: [{ host: 'p.example\nport 0' }] }],
    ['a hostile network', { allow: ['192.0.2.0/24\nallow all'] }],
    ['all', { allow: ['all'] }],
    ['a hostile command address', { bindcmdaddress: ['127.0.0.1\ncmdallow all'] }],
    ['a socket path', { bindcmdaddress: ['/tmp/x'] }],
    ['an unknown option', { servers: [{ host: 'a.example', key: 1 }] }],
    ['a misspelt var', { server: ['a.example'] }],
    ['a stratum of 99', { local_stratum: 99 }],
    ['a port of 0', { servers: [{ host: 'a.example', port: 0 }] }],
    ['a poll interval of 99', { servers: [{ host: 'a.example', minpoll: 99 }] }],
    ['an unknown word', { leapsec: 'lists' }],
    ['no number', { makestep_sec: '1' }],
  ])('refuse %s', (_title, vars) => {
    expect(refusal(vars).where?.file).toBe('group_vars/ntp.yaml');
  });

  it.each<[string, Record<string, VarValue>, string, Options?]>([
    ['an address that is none', { servers: ['10.0.0.300'] }, '"10.0.0.300" is no IP address'],
    ['an IPv6 address that is none', { servers: ['fe80::zz'] }, '"fe80::zz" is no IP address'],
    ['an empty label', { servers: ['a..example'] }, '"a..example" is no host name'],
    ['a label that ends with a dash', { servers: ['a-.example'] }, '"a-.example" is no host name'],
    ['one server twice', { servers: ['a.example', 'A.Example'] }, '"a.example" is named twice'],
    ['one address in two spellings', { servers: ['2001:db8::1', '2001:DB8:0::1'] }, '"2001:db8::1" is named twice'],
    ['a server that is also a pool', { servers: ['a.example'], pools: ['a.example'] }, '"a.example" is named twice'],
    ['itself as a server', { servers: ['192.0.2.11'] }, '"192.0.2.11" is the host ns1 itself'],
    ['the other host as a server', { servers: ['192.0.2.12'] }, '"192.0.2.12" is the host ns2 itself'],
    [
      'minpoll over maxpoll',
      { servers: [{ host: 'a.example', minpoll: 8, maxpoll: 6 }] },
      'minpoll 8 is over maxpoll 6',
    ],
    ['more sources than there are', { servers: ['a.example'], minsources: 3 }, 'there are only 2 sources'],
    ['a network with host bits', { allow: ['192.0.2.11/24'] }, '"192.0.2.11/24" is an address inside 192.0.2.0/24'],
    ['a prefix over 32', { allow: ['192.0.2.0/33'] }, '"192.0.2.0/33" is no network'],
    ['a network that is none', { allow: ['192.0.2/24'] }, '"192.0.2/24" is no network'],
    ['a command address that is none', { bindcmdaddress: ['127.0.0'] }, '"127.0.0" is no IP address'],
    ['smeared leap seconds with a list', { servers: ['time1.google.com'] }, 'time1.google.com smears leap seconds'],
    ['nobody to serve', {}, 'chrony_allow is missing', { address: 'ns1.example.net' }],
  ])('refuse %s', (_title, vars, message, options) => {
    const error = refusal(vars, options);
    expect(error.message).toContain(message);
    expect(error.remedy).toMatch(/\.$/);
  });

  it('tell all that is wrong at once, each with its place', () => {
    const error = refusal({ servers: ['a..b', 'time.google.com'], allow: ['192.0.2.1/24'], minsources: 9 });
    expect(error.problems.map(({ path }) => path.join('.'))).toEqual([
      'chrony_minsources',
      'chrony_leapsec',
      'chrony_servers.0',
      'chrony_allow.0',
    ]);
  });

  it('take smeared sources when leap seconds are left to them', () => {
    const settings = chronySettings(contextOf({ servers: ['time.google.com'], leapsec: 'none' }));
    expect(chronyConf(settings)).not.toMatch(/leapsec/);
  });

  it('let nothing through that makes another line, whatever the text', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 12 }), { maxLength: 3 }), (hosts) => {
        let text: string;
        try {
          text = sourcesFile(chronySettings(contextOf({ servers: hosts })).upstreams);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidValueError);
          return;
        }
        const lines = text.split('\n');
        expect(lines).toHaveLength(hosts.length + 2);
        for (const line of lines.slice(1, -1)) expect(line).toMatch(/^server [0-9a-z.:-]+ iburst trust$/);
      }),
    );
  });
});
