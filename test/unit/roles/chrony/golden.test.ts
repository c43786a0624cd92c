/** The files as they are written, word for word; and the real chronyd reads them. */
import { describe, expect, it } from 'vitest';
import { chronyConf, scratchConf } from '../../../../roles/chrony/chrony-conf.ts';
import { chronySettings } from '../../../../roles/chrony/settings.ts';
import { sourcesFile } from '../../../../roles/chrony/sources.ts';
import { chronyVersion, readByChronyd } from './chronyd.ts';
import { contextOf } from './context.ts';

const usual = { pools: ['2.fedora.pool.ntp.org'] };
const everything = {
  servers: [
    'ntp1.example.net',
    { host: '203.0.113.10', nts: true, prefer: true, minpoll: 4, maxpoll: 8 },
    { host: '2001:DB8:0::7', port: 11123 },
  ],
  pools: [{ host: 'Pool.example.net', maxsources: 2 }, 'pool2.example.net'],
  nts: false,
  local_stratum: 12,
  allow: ['192.0.2.0/24', '2001:db8::/32', '198.51.100.7'],
  makestep_sec: 0.5,
  makestep_updates: 1,
  minsources: 2,
  leapsec: 'timezone',
  ratelimit: true,
  ratelimit_interval: -2,
  bindcmdaddress: ['127.0.0.1'],
};
const bare = { peers: false, local_stratum: 0, allow: [], makestep_updates: 0, rtcsync: false, leapsec: 'none' };

const settingsOf = (vars: object) => chronySettings(contextOf(vars as Parameters<typeof contextOf>[0]));

describe('chrony.conf', () => {
  it('of a pair with the defaults', () => {
    expect(chronyConf(settingsOf(usual))).toBe(`\
# Written by coreos-infra (role chrony). Changes made here are replaced by the next run.
# Servers, pools and peers: /etc/chrony.d/sources
sourcedir /etc/chrony.d/sources
driftfile /var/lib/chrony/drift
ntsdumpdir /var/lib/chrony
logdir /var/log/chrony
makestep 1 3
rtcsync
minsources 1
leapseclist /usr/share/zoneinfo/leap-seconds.list
local stratum 10 orphan
allow 192.0.2.0/24
`);
  });

  it('with everything that can be said', () => {
    expect(chronyConf(settingsOf(everything))).toBe(`\
# Written by coreos-infra (role chrony). Changes made here are replaced by the next run.
# Servers, pools and peers: /etc/chrony.d/sources
sourcedir /etc/chrony.d/sources
driftfile /var/lib/chrony/drift
ntsdumpdir /var/lib/chrony
logdir /var/log/chrony
makestep 0.5 1
rtcsync
minsources 2
leapsectz right/UTC
local stratum 12 orphan
allow 192.0.2.0/24
allow 2001:db8::/32
allow 198.51.100.7/32
ratelimit interval -2 burst 16 leak 2
bindcmdaddress 127.0.0.1
`);
  });

  it('of a host that only keeps its own time', () => {
    expect(chronyConf(settingsOf(bare)).split('\n').slice(6)).toEqual(['minsources 1', '']);
  });

  it('takes no time source from DHCP', () => {
    expect(chronyConf(settingsOf(usual))).not.toMatch(/chrony-dhcp|confdir|include/);
  });

  it('for the trial start owns no port, socket or file of the chronyd that runs', () => {
    const trial = scratchConf(settingsOf(everything));
    expect(trial).toMatch(/^port 0\ncmdport 0\nbindcmdaddress \/\nserver 127\.0\.0\.1 port 9\n/);
    expect(trial).not.toMatch(/sourcedir|driftfile|dumpdir|logdir|bindcmdaddress 127/);
    expect(trial).toMatch(/leapsectz right\/UTC/);
  });
});

describe('.sources files', () => {
  it('list the upstreams', () => {
    expect(sourcesFile(settingsOf(everything).upstreams)).toBe(`\
# Written by coreos-infra (role chrony). Changes made here are replaced by the next run.
server ntp1.example.net iburst trust
server 203.0.113.10 iburst trust nts prefer minpoll 4 maxpoll 8
server 2001:db8::7 port 11123 iburst trust
pool pool.example.net iburst trust maxsources 2
pool pool2.example.net iburst trust
`);
  });

  it('list the other hosts of the play as peers', () => {
    const settings = chronySettings(contextOf({}, { members: ['192.0.2.12', '2001:db8::13'] }));
    expect(sourcesFile(settings.peers)).toBe(`\
# Written by coreos-infra (role chrony). Changes made here are replaced by the next run.
peer 192.0.2.12 iburst xleave minpoll 4 maxpoll 6
peer 2001:db8::13 iburst xleave minpoll 4 maxpoll 6
`);
  });

  it('are there without sources too, and end with a newline', () => {
    expect(sourcesFile([])).toBe(
      '# Written by coreos-infra (role chrony). Changes made here are replaced by the next run.\n',
    );
  });

  it('use NTS for all upstreams when asked to, but not where an entry says otherwise', () => {
    const { upstreams } = settingsOf({
      nts: true,
      servers: ['a.example', { host: 'b.example', nts: false }],
      pools: ['c.example'],
    });
    expect(upstreams.map(({ nts }) => nts)).toEqual([true, false, true]);
  });
});

describe.skipIf(chronyVersion === undefined)('the real chronyd', () => {
  // leapseclist is of chrony 4.6.
  const readable = { ...usual, ...((chronyVersion ?? 0) < 4.6 ? { leapsec: 'none' } : {}) };

  it.each([
    ['the defaults', readable],
    ['everything', everything],
    ['the least', bare],
  ])('accepts chrony.conf, its trial form and the sources with %s', (_title, vars) => {
    const settings = settingsOf(vars);
    const texts = [
      chronyConf(settings),
      scratchConf(settings),
      sourcesFile(settings.upstreams),
      sourcesFile(settings.peers),
    ];
    for (const text of texts) expect(readByChronyd(text)).toMatchObject({ accepted: true });
  });

  it('prints back every line that we wrote: none is taken for something else', () => {
    const text = chronyConf(settingsOf(everything));
    const printed = readByChronyd(text).said.split('\n');
    for (const line of text.split('\n').filter((one) => one !== '' && !one.startsWith('#')))
      expect(printed).toContain(line);
  });

  it('refuses a directive that it does not know', () => {
    expect(readByChronyd('servre a.example\n')).toMatchObject({ accepted: false });
  });
});
