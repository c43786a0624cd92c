/** ~/.ssh/config and jumps: what ssh would do, the inventory first. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sshEnvironment } from '../../../src/ssh/environment.ts';
import { SshConfigError } from '../../../src/ssh/index.ts';
import { parseJumps } from '../../../src/ssh/jump.ts';
import { resolveRoute } from '../../../src/ssh/route.ts';
import { splitConfigLine } from '../../../src/ssh/ssh-config.ts';
import { errorOf, Sandbox } from './sandbox.ts';
import { endWith, type Script } from './scripted-sshd.ts';

let sandbox: Sandbox;
beforeEach(() => {
  sandbox = new Sandbox();
});
afterEach(() => sandbox.end());

const defaults = { port: 22, user: 'core', defaulted: ['port', 'user'] as const };
const route = (config: string, ssh: object = {}, name = 'ns1') => {
  sandbox.write('config', config);
  return resolveRoute({ name, ssh: { address: name, ...defaults, ...ssh } }, sshEnvironment(sandbox.environment));
};

describe('ssh_config', () => {
  it('gives address, port, user, keys and known_hosts for a host that the inventory only names', async () => {
    const { target } = await route(`
      Host ns*  # the name servers
        HostName %h.example.net
        Port 2222
        User=admin
        IdentityFile ~/keys/%n-%r
        IdentityFile "~/keys/with blank"
        IdentitiesOnly yes
        UserKnownHostsFile ~/kh1 ~/kh2
        ConnectTimeout 3
    `);
    expect(target).toMatchObject({
      address: 'ns1.example.net',
      port: 2222,
      user: 'admin',
      lookup: { name: '[ns1.example.net]:2222' },
      knownHostsFiles: [`${sandbox.dir}/kh1`, `${sandbox.dir}/kh2`, `${sandbox.dir}/ssh_known_hosts`],
      identity: {
        files: [`${sandbox.dir}/keys/ns1-admin`, `${sandbox.dir}/keys/with blank`],
        areNamed: true,
        identitiesOnly: true,
      },
    });
    expect((await route('ConnectTimeout 3')).timeoutMs).toBe(3000);
  });

  it('never wins over what the inventory says', async () => {
    const config =
      'Host ns1\n HostName elsewhere\n Port 2222\n User admin\n IdentityFile ~/other\n UserKnownHostsFile ~/other';
    const { target } = await route(config, {
      address: '192.0.2.11',
      port: 22,
      user: 'core',
      defaulted: [],
      identityFile: '/k',
    });
    expect(target).toMatchObject({ address: '192.0.2.11', port: 22, user: 'core', identity: { files: ['/k'] } });
    const { target: lab } = await route('Host *\n ProxyCommand nc %h', { identityFile: '/k', knownHostsFile: '/kh' });
    expect(lab).toMatchObject({ address: 'ns1', port: 22, knownHostsFiles: ['/kh'] });
  });

  it('applies by the name in the inventory and by the address', async () => {
    const config =
      'Host ns1\n IdentityFile ~/by-name\nHost 192.0.2.*\n IdentityFile ~/by-address\nHost ns2\n IdentityFile ~/no';
    const { target } = await route(config, { address: '192.0.2.11' });
    expect(target.identity.files).toEqual([`${sandbox.dir}/by-name`, `${sandbox.dir}/by-address`]);
  });

  it('keeps keys under an alias', async () => {
    expect((await route('HostKeyAlias dns-one\nPort 2222')).target.lookup).toEqual({ name: 'dns-one' });
  });

  it('understands Match for all, host and user, and leaves out blocks that need more', async () => {
    const config =
      'Match user nobody\n Port 1\nMatch exec "true"\n Port 2\nMatch host ns1 user core\n Port 3\nMatch all\n Port 4';
    expect((await route(config)).target.port).toBe(3);
    expect((await route(config, {}, 'ns2')).target.port).toBe(4);
    expect((await route('Match !host ns1\n Port 5\nMatch all\n Port 6')).target.port).toBe(6);
  });

  it('includes files where the line stands, and an Include inside a block belongs to the block', async () => {
    mkdirSync(join(sandbox.dir, '.ssh/config.d'), { recursive: true });
    writeFileSync(join(sandbox.dir, '.ssh/config.d/10-a'), 'Host ns1\n Port 10\n');
    writeFileSync(join(sandbox.dir, '.ssh/config.d/20-b'), 'Port 20\n');
    expect((await route('Include config.d/*\nPort 30')).target.port).toBe(10);
    expect((await route('Include config.d/*\nPort 30', {}, 'ns2')).target.port).toBe(20);
    expect((await route('Host other\n Include config.d/*\nHost *\n Port 30')).target.port).toBe(30);
    expect((await route('Include ~/missing\nPort 30')).target.port).toBe(30);
  });

  it('takes the agent that IdentityAgent names', async () => {
    const socket = async (config: string) => (await route(config)).target.identity.agentSocket;
    expect(await socket('IdentityAgent ~/agent.sock')).toBe(`${sandbox.dir}/agent.sock`);
    expect(await socket('IdentityAgent none')).toBeUndefined();
  });

  it.each([
    ['ProxyCommand nc %h %p', ':1: ProxyCommand is not supported (it applies to ns1)'],
    ['\nPort none-of-it', ':2: port must be a number from 1 to 65535, not "none-of-it"'],
    ['IdentitiesOnly maybe', ':1: identitiesonly must be yes or no, not "maybe"'],
    ['User "admin', ':1: a quote has no end'],
  ])('%j is refused with file and line', async (config, message) => {
    const error = await errorOf(route(config));
    expect(error).toBeInstanceOf(SshConfigError);
    expect(error).toMatchObject({ exitCode: 1 });
    expect((error as Error).message).toContain(`${sandbox.dir}/config${message}`);
  });

  it('that includes itself ends', async () => {
    await expect(route(`Include ${sandbox.dir}/config`)).rejects.toThrow('Include goes deeper than 16 files');
  });

  it.each([
    ['Port 22', ['port', '22']],
    ['  Port=22', ['port', '22']],
    ['Port = 22 # why', ['port', '22']],
    ['IdentityFile "a b" c\\"d', ['identityfile', 'a b', 'c"d']],
    ["User 'x y'#z", ['user', 'x y#z']],
    ['# comment', undefined],
    ['', undefined],
  ])('splits %j', (line, expected) => {
    const split = splitConfigLine(line);
    expect(split ? [split.keyword, ...split.args] : split).toEqual(expected);
  });

  it.skipIf(spawnSync('ssh', ['-V']).error !== undefined)('is read as ssh -G reads it', async () => {
    const config = `
Host ns1 !ns2
  HostName %h.example.net
  Port 2200
Host ns?
  User "op erator"
  Port 2300
  HostKeyAlias ns
Match host ns1.example.net
  ConnectTimeout 7
Host *
  User late
  ProxyJump bastion.example.net:2022
`;
    const { target, jumps, timeoutMs } = await route(config);
    const dump = execFileSync('ssh', ['-G', '-F', join(sandbox.dir, 'config'), 'ns1'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const theirs = new Map(dump.split('\n').map((line) => [line.split(' ', 1)[0], line.slice(line.indexOf(' ') + 1)]));
    expect(target.address).toBe(theirs.get('hostname'));
    expect(String(target.port)).toBe(theirs.get('port'));
    expect(target.user).toBe(theirs.get('user'));
    expect(target.lookup.name).toBe(theirs.get('hostkeyalias'));
    expect(String((timeoutMs ?? 0) / 1000)).toBe(theirs.get('connecttimeout'));
    expect(jumps.map((jump) => `${jump.address}:${jump.port}`)).toEqual([theirs.get('proxyjump')]);
  });
});

describe('jumps', () => {
  const forwarding: Script = {
    onForward: (port, open) => {
      const channel = open();
      const socket = connect(port, '127.0.0.1');
      channel.pipe(socket).pipe(channel);
      socket.on('error', () => channel.destroy());
    },
  };

  it.each([
    ['b', [{ host: 'b' }]],
    [
      'u@b:2222, ssh://c:1/',
      [
        { user: 'u', host: 'b', port: 2222 },
        { host: 'c', port: 1 },
      ],
    ],
    ['u@[2001:db8::1]:22', [{ user: 'u', host: '2001:db8::1', port: 22 }]],
    ['2001:db8::1', [{ host: '2001:db8::1' }]],
  ])('%s is read', (text, expected) => {
    expect(parseJumps(text)).toEqual(expected);
  });

  it.each(['', 'a,,b', '-oProxyCommand=x', 'b:0', 'b:x'])('%j is no jump', (text) => {
    expect(() => parseJumps(text)).toThrow(SshConfigError);
  });

  it('that lead in a circle are refused, one that names itself is reached directly', async () => {
    await expect(route('Host a\n ProxyJump b\nHost b\n ProxyJump a\nHost ns1\n ProxyJump a')).rejects.toThrow(
      'more than 8 hosts',
    );
    expect((await route('Host *\n ProxyJump bastion')).jumps.map((hop) => hop.name)).toEqual(['bastion']);
  });

  it('lead over two hosts to the third, and each host key is checked', async () => {
    const [first, second, last] = [
      await sandbox.startSshd(forwarding),
      await sandbox.startSshd(forwarding),
      await sandbox.startSshd({ onExec: (channel) => endWith(channel, 5) }),
    ];
    const at = (port: number) => `127.0.0.1:${port}`;
    sandbox.write(
      'config',
      `IdentityFile ${sandbox.identityFile}\nHost ns1\n ProxyJump ${at(first.port)},${at(second.port)}\n`,
    );
    const host = { name: 'ns1', ssh: { address: '127.0.0.1', port: last.port, user: 'core' } };
    mkdirSync(join(sandbox.dir, '.ssh'));
    const trust = (...servers: readonly (typeof first)[]) =>
      writeFileSync(
        join(sandbox.dir, '.ssh/known_hosts'),
        servers.map((one) => `[127.0.0.1]:${one.port} ${one.hostKeys[0]?.public}\n`).join(''),
      );

    trust(first, second, last);
    const connection = await sandbox.connect(host);
    expect((await connection.exec('x', { what: 'asking', timeoutMs: 2000 })).code).toBe(5);
    await connection.close();
    await expect
      .poll(() => [...first.sockets, ...second.sockets, ...last.sockets].every((one) => one.destroyed))
      .toBe(true);

    trust(first, last);
    const unknown = await errorOf(sandbox.connect(host));
    expect(unknown).toMatchObject({ code: 'E_HOST_KEY_UNKNOWN', host: '127.0.0.1' });
    expect((unknown as SshConfigError).remedy).toContain(
      `connect to it once with ssh: ssh -p ${second.port} 127.0.0.1`,
    );

    trust(first, second);
    await last.close();
    const error = await errorOf(sandbox.connect(host));
    expect(error).toMatchObject({ exitCode: 4, host: 'ns1' });
  });
});
