/** deploy-ntp on a pair of real hosts, with the lab's time server on their gateway for an upstream. Their chronyd runs with -x: no clock is steered. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/engine/events.ts';
import { labNtpOff, labNtpOn } from '../../src/lab/index.ts';
import { parseSources, parseTracking, trackingFollows } from '../../src/ntp/chronyc.ts';
import { exchangeNtp } from '../../src/probes/ntp.ts';
import type { ProbeResult } from '../../src/probes/types.ts';
import { noLab, type RunResult, usePair } from './pair.ts';

const HOSTS = ['ns1', 'ns2'] as const;
const VARS = 'group_vars/ntp.yaml';

describe.skipIf(noLab)('deploy-ntp', () => {
  const pair = usePair();

  const gateway = (): string => pair().state.networks[0]?.gateway ?? '';
  const addressOf = (host: string): string => pair().state.hosts.find(({ name }) => name === host)?.address ?? '';
  const servers = (...more: readonly string[]): string =>
    `chrony_servers: [{ host: ${[gateway(), ...more].join(' }, { host: ')} }]`;
  const setVars = (text: string): void => pair().edit(VARS, /^chrony_(?:.|\n)*/m, `${text}\n`);
  const asked = async (host: string, options: string) => pair().onHost(host, `chronyc ${options}`);
  const mainPid = (host: string) => pair().onHost(host, 'systemctl show -P MainPID chronyd.service');

  it('brings both hosts from the image’s chrony.conf to serving the time of the upstream, one after the other', async () => {
    setVars(servers());
    const result = await pair().run('deploy-ntp');
    expect(result).toMatchObject({ code: 0, summary: { status: 'changed' } });
    expect(overlapping(result)).toEqual([]);
    for (const host of HOSTS) {
      expect(timeProbe(result, host)).toMatchObject({ ok: true, time: { follows: 'source', stratum: 3 } });
      expect(trackingFollows(parseTracking(await asked(host, '-n -c tracking')))).toBe('source');
      const sources = parseSources(await asked(host, '-n -c sources'));
      expect(sources.map(({ mode, name }) => `${mode} ${name}`).sort()).toEqual([
        `peer ${addressOf(host === 'ns1' ? 'ns2' : 'ns1')}`,
        `server ${gateway()}`,
      ]);
    }
  });

  it('changes nothing the second time', async () => {
    const { code, summary } = await pair().run('deploy-ntp');
    expect(code).toBe(0);
    expect(summary).toMatchObject({ status: 'ok', hosts: { ns1: { changes: [] }, ns2: { changes: [] } } });
  });

  it('serves a real client on the other host', async () => {
    const said = await pair().onHost('ns2', `chronyd -Q -t 8 'server ${addressOf('ns1')} iburst' 2>&1`);
    expect(said).toMatch(/System clock wrong by -?0\.\d+ seconds/);
  });

  it('reloads for another upstream: the same process, and no question unanswered', async () => {
    const before = await Promise.all(HOSTS.map(mainPid));
    setVars(servers('198.51.100.7'));
    const watch = askAll(HOSTS.map(addressOf));
    const { code, summary } = await pair().run('deploy-ntp');
    const unanswered = await watch.end();
    expect(code).toBe(0);
    for (const host of HOSTS) {
      const actions = summary.hosts[host]?.changes.map(({ resource, action }) => `${action} ${resource}`);
      expect(actions).toContain('reload unit:chronyd.service');
      expect(actions?.join('\n')).not.toMatch(/restart/);
      expect(await asked(host, '-N -c sources -a')).toMatch(/^\^,.,198\.51\.100\.7,/m);
    }
    expect(await Promise.all(HOSTS.map(mainPid))).toEqual(before);
    expect(unanswered).toEqual([]);
  });

  it('restarts for another setting, and one of the two always answers', async () => {
    setVars(`${servers()}\nchrony_minsources: 1\nchrony_makestep_updates: 4`);
    const watch = askAll(HOSTS.map(addressOf));
    const { code, summary } = await pair().run('deploy-ntp');
    const unanswered = await watch.end();
    expect(code).toBe(0);
    expect(summary.hosts['ns1']?.changes.map(({ resource, action }) => `${action} ${resource}`)).toContain(
      'restart unit:chronyd.service',
    );
    const rounds = unanswered.map(({ round }) => round);
    expect(rounds.filter((round, i) => rounds.indexOf(round) !== i)).toEqual([]);
    // The run itself has measured it too.
    const { group, ...members } = summary.availability?.['ntp'] ?? {};
    expect(group?.asked).toBeGreaterThan(0);
    expect(group).toMatchObject({ answered: group?.asked, longestGapMs: 0 });
    expect(Object.keys(members).sort()).toEqual(['ns1', 'ns2']);
  });

  it('brings back a source that was taken out by hand', async () => {
    await asked('ns1', `delete ${gateway()}`);
    const { code, summary } = await pair().run('deploy-ntp');
    expect(code).toBe(0);
    expect(summary.hosts).toMatchObject({ ns1: { status: 'changed' }, ns2: { status: 'ok' } });
    expect(await asked('ns1', '-n -c sources')).toContain(gateway());
  });

  it('undoes a change when chronyd follows somebody whom nobody described, and leaves the other host alone', async () => {
    const foreign = '/etc/chrony.d/sources/foreign.sources';
    await pair().onHost('ns1', `echo 'server 198.51.100.66' > ${foreign}`);
    const before = await pair().onHost('ns1', 'cat /etc/chrony.d/sources/upstream.sources');
    setVars(`${servers('198.51.100.8')}\nchrony_makestep_updates: 4`);
    const { code, summary } = await pair().run('deploy-ntp');
    expect(code).toBe(2);
    expect(summary.hosts).toMatchObject({ ns1: { status: 'reverted' }, ns2: { status: 'skipped' } });
    expect(summary.hosts['ns1']?.error?.detail.join('\n')).toContain('198.51.100.66, which nobody described');
    expect(await pair().onHost('ns1', 'cat /etc/chrony.d/sources/upstream.sources')).toBe(before);
    await pair().onHost('ns1', `rm ${foreign} && systemctl reload chronyd`);
    setVars(`${servers()}\nchrony_makestep_updates: 4`);
    expect(await pair().run('deploy-ntp')).toMatchObject({ code: 0, summary: { status: 'ok' } });
  });

  it('refuses a wrong var with its place, and touches nothing', async () => {
    setVars(`${servers()}\nchrony_makestep_updates: 4\nchrony_minsurces: 2`);
    const { code, summary } = await pair().run('deploy-ntp');
    expect(code).toBe(1);
    expect(summary.error?.message).toContain('chrony_minsurces');
    expect(summary.error).toMatchObject({ file: expect.stringMatching(/ntp\.yaml$/), line: expect.any(Number) });
    expect(summary.error?.remedy).toContain('chrony_minsources');
  });

  it('deploys while no upstream answers, and does not call that synchronised', async () => {
    await labNtpOff(pair().labName);
    try {
      setVars(`${servers()}\nchrony_makestep_updates: 5`);
      const result = await pair().run('deploy-ntp');
      expect(result).toMatchObject({ code: 0, summary: { status: 'changed' } });
      for (const host of HOSTS)
        expect(timeProbe(result, host)).toMatchObject({
          ok: true,
          warning: expect.stringContaining('not synchronised to a source'),
          time: { follows: 'own-clock' },
        });
    } finally {
      await labNtpOn(pair().labName);
    }
  });
});

/** The last answer to "what time is it" in a run. */
function timeProbe({ events }: RunResult, host: string): ProbeResult | undefined {
  return events.flatMap((event) => (isTimeProbe(event, host) ? [event.result] : [])).at(-1);
}

function isTimeProbe(event: RunEvent, host: string): event is Extract<RunEvent, { event: 'probe' }> {
  return event.event === 'probe' && event.host === host && event.result.service === 'ntp';
}

/** Hosts that were begun before the one under change was done. */
function overlapping({ events }: RunResult): string[] {
  let current: string | undefined;
  return events.flatMap((event) => {
    if (event.event === 'host-done' && event.host === current) current = undefined;
    if (event.event !== 'host-step') return [];
    if (current === undefined || current === event.host) {
      current = event.host;
      return [];
    }
    return [`${event.host} ${event.step} while ${current} was changed`];
  });
}

interface Unanswered {
  readonly round: number;
  readonly server: string;
}

/** Asks all servers for the time, ten times a second, until it is ended. */
function askAll(addresses: readonly string[]): { end(): Promise<readonly Unanswered[]> } {
  const unanswered: Unanswered[] = [];
  const rounds: Promise<void>[] = [];
  let isOver = false;
  const ask = async (round: number, server: string): Promise<void> => {
    if (typeof (await exchangeNtp(server, 123, 1_000)) === 'string') unanswered.push({ round, server });
  };
  const asking = (async () => {
    for (let round = 0; !isOver; round++) {
      rounds.push(...addresses.map((server) => ask(round, server)));
      await sleep(100);
    }
  })();
  return {
    async end() {
      isOver = true;
      await asking;
      await Promise.all(rounds);
      return unanswered;
    },
  };
}
