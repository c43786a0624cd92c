/** The connection against the sshd of a lab host: a CoreOS user, PAM, sudo, and no shell start-up of a developer's machine. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SshTarget } from '../../src/inventory/model.ts';
import {
  addKnownHost,
  assertSudo,
  type Connection,
  createTransport,
  knownHostsPlace,
  scanHostKey,
  sudo,
  sudoStdin,
} from '../../src/ssh/index.ts';
import { noLab, usePair } from './pair.ts';

const asking = { what: 'asking', timeoutMs: 15_000 };

describe.skipIf(noLab)('a lab host', () => {
  const pair = usePair({ hosts: ['ns1'] });
  let host: { readonly name: string; readonly ssh: SshTarget };
  const transport = createTransport();
  let connection: Connection;
  const run = (command: string, options = {}) => connection.exec(command, { ...asking, ...options });

  beforeAll(async () => {
    const [ns1] = pair().state.hosts;
    if (ns1 === undefined) throw new Error('the lab has no host');
    const { name, address, port, user, identityFile, knownHostsFile } = ns1;
    host = { name, ssh: { address, port, user, identityFile, knownHostsFile } };
    connection = await transport.connect(host, { timeoutMs: 20_000 });
  });
  afterAll(() => connection?.close());

  it('runs commands as its user, and as root by sudo without a password', async () => {
    expect((await run('id -un')).stdout.toString().trim()).toBe(host.ssh.user);
    const result = await run(sudo(['id', '-u']));
    expect(assertSudo(result, { host: host.name, user: host.ssh.user }).stdout.toString()).toBe('0\n');
  });

  it('runs a script from stdin as root, which can stop and wait for an answer on the same stdin', async () => {
    // In braces: bash reads a compound command to its end before it runs it, so `read` gets the answer and not the script.
    const script = '{\necho "ready $1"\nread -r answer\necho "got $answer as $(id -u)"\nexit 7\n}\n';
    const dialogue = await connection.start(sudoStdin(['to go']), { ...asking, stdin: script });
    const lines: string[] = [];
    for await (const line of dialogue.lines) {
      lines.push(line);
      if (line.startsWith('ready')) await dialogue.write('go\n');
    }
    expect(lines).toEqual(['ready to go', 'got go as 0']);
    expect((await dialogue.result).code).toBe(7);
  });

  it('takes and gives 20 MB through sudo unchanged', async () => {
    const stdin = Buffer.alloc(20 * 1024 * 1024, 'żółw');
    const { stdout } = await run(sudo(['cat']), { stdin, maxOutputBytes: stdin.length });
    expect(stdout.equals(stdin)).toBe(true);
  });

  it('answers the next command without a delayed acknowledgement', async () => {
    const times: number[] = [];
    for (let i = 0; i < 21; i += 1) {
      const start = performance.now();
      await run('true');
      times.push(performance.now() - start);
    }
    times.sort((a, b) => a - b);
    process.stderr.write(
      `next command on a connection: median ${times[10]?.toFixed(1)} ms, least ${times[0]?.toFixed(1)} ms\n`,
    );
    // With Nagle no command takes less than 40 ms; the least is not moved by other tests on the machine.
    expect(times[0]).toBeLessThan(35);
  });

  it('lets a port of its own be reached through the connection', async () => {
    const stream = await connection.forward('127.0.0.1', 22, 5000);
    const [first] = await new Promise<[Buffer]>((resolve) => stream.once('data', (chunk: Buffer) => resolve([chunk])));
    stream.destroy();
    expect(first.toString()).toMatch(/^SSH-2\.0-/);
  });

  it('lets nobody in as root', async () => {
    const asRoot = { name: 'lab', ssh: { ...host.ssh, user: 'root' } };
    await expect(transport.connect(asRoot)).rejects.toMatchObject({ code: 'E_AUTH_REFUSED', exitCode: 4 });
  });

  it('is unknown to an empty known_hosts, and trusted once its key was added', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'coreos-infra-lab-ssh-'));
    try {
      const fresh = { ...host.ssh, knownHostsFile: join(dir, 'known_hosts') };
      await expect(transport.connect({ name: 'lab', ssh: fresh })).rejects.toMatchObject({
        code: 'E_HOST_KEY_UNKNOWN',
      });
      const [key] = await scanHostKey(fresh, { timeoutMs: 10_000 });
      if (key === undefined) throw new Error('no key');
      await addKnownHost((await knownHostsPlace(fresh)).file, fresh, key);
      await (await transport.connect({ name: 'lab', ssh: fresh })).close();
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
