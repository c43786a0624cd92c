/** What the helper sees on real hosts, and how little that touches them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  encodeFetch,
  encodeObserve,
  fetchCommand,
  observeCommand,
  parseFetch,
  parseObservation,
} from '../../src/host/wire.ts';
import { downHosts, isPossible, type TestHost, upHosts } from './host-fixture.ts';

describe.skipIf(!isPossible)('observing a host', () => {
  let host: TestHost;
  let hosts: readonly TestHost[] = [];

  beforeAll(async () => {
    hosts = await upHosts();
    [host] = hosts as [TestHost];
  });
  afterAll(async () => {
    await downHosts(hosts);
  });

  it('observes in one round trip whatever the names of files are', async () => {
    const names = [
      "/tmp/o'b\ns",
      '/tmp/-n',
      '/tmp/$(reboot)',
      '/tmp/`x`;y',
      '/tmp/a]b[c',
      '/tmp/\u001b[2J',
      '/tmp/ä ö',
      '/tmp/*',
      '/tmp/"',
    ];
    await host.shell(names.map((name) => `printf '%s' x >'${name.replaceAll("'", "'\\''")}'`).join('; '));
    await host.shell('rm -f /tmp/fifo; mkfifo /tmp/fifo; ln -sfn "/nowhere/$(printf \'a\\nb\')" /tmp/link');
    const observation = await host.observe([...names, '/tmp/fifo', '/tmp/link', '/tmp', '/tmp/none']);
    for (const name of names)
      expect(observation.paths.get(name), name).toMatchObject({
        type: 'file',
        size: 1,
        sha256: '2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881',
      });
    expect(observation.paths.get('/tmp/fifo')?.type).toBe('other');
    expect(observation.paths.get('/tmp/link')).toMatchObject({ type: 'symlink', target: '/nowhere/a\nb' });
    expect(observation.paths.get('/tmp')).toMatchObject({ type: 'directory', mode: 0o1777, owner: 'root' });
    expect(observation.paths.get('/tmp/none')).toEqual({ type: 'absent' });
    expect(observation.facts).toMatchObject({ osId: 'fedora', hostname: host.name, ostreeBooted: true });
  });

  it('observes units, commands, zone serials and images, and writes nothing', async () => {
    await host.shell(
      `printf '%s\\n' '$ORIGIN example.com.' '@ 3600 IN SOA ns1 admin 2026112003 7200 900 1209600 300' >/tmp/db.example.com; rm -f /tmp/made`,
    );
    const before = await host.shell(
      'find /var/lib /etc /run/coreos-infra -xdev -newer /tmp/db.example.com -not -path "*/journal/*" -not -path "*/containers/*" | sort',
    );
    const request = {
      paths: [],
      units: ['sshd.service', 'no-such.service', 'ssh.socket'],
      images: ['docker.io/library/none:1'],
      commands: [
        { id: 'made', creates: '/tmp/made' },
        { id: 'there', creates: '/etc/passwd', unless: 'exit 1' },
        { id: 'yes', unless: 'cat; true' },
        { id: 'no', unless: 'echo noise; exit 3' },
        { id: 'hangs', unless: 'sleep 60' },
      ],
      zonePaths: ['/tmp/db.example.com', '/tmp/none'],
    };
    const connection = await host.connect();
    const result = await connection.exec(observeCommand(), {
      what: 'observing',
      timeoutMs: 30_000,
      stdin: encodeObserve(request),
    });
    await connection.close();
    const seen = parseObservation(result.stdout);
    expect(seen.units.get('sshd.service') ?? seen.units.get('ssh.service')).toMatchObject({
      load: 'loaded',
      needDaemonReload: false,
    });
    expect(seen.units.get('no-such.service')).toMatchObject({ load: 'not-found', active: 'inactive' });
    expect(Object.fromEntries(seen.commandsSatisfied)).toEqual({
      made: false,
      there: true,
      yes: true,
      no: false,
      hangs: false,
    });
    expect(seen.zoneSerials.get('/tmp/db.example.com')).toBe(2026112003);
    expect(seen.images.size).toBe(0);
    expect(
      await host.shell(
        'find /var/lib /etc /run/coreos-infra -xdev -newer /tmp/db.example.com -not -path "*/journal/*" -not -path "*/containers/*" | sort',
      ),
    ).toBe(before);
  });

  it('fetches contents, and leaves out what is large or no file', async () => {
    await host.shell("printf 'a\\0b\\377' >/tmp/binary; head -c 3000 /dev/zero >/tmp/large");
    const connection = await host.connect();
    const result = await connection.exec(fetchCommand(), {
      what: 'fetching',
      timeoutMs: 30_000,
      stdin: encodeFetch(['/tmp/binary', '/tmp/large', '/tmp', '/tmp/none'], 2000),
    });
    await connection.close();
    expect([...parseFetch(result.stdout)]).toEqual([['/tmp/binary', Buffer.from('a\0b\xff', 'latin1')]]);
  });
});
