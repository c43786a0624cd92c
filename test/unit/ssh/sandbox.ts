/** A folder with a key and known_hosts for one test, and everything that the test opened. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SshTarget } from '../../../src/inventory/model.ts';
import {
  type Connection,
  createTransport,
  type SshEnvironment,
  type SshHost,
  type TransportOptions,
} from '../../../src/ssh/index.ts';
import { newKeyPair, type Script, type ScriptedSshd, startSshd, startTcpServer } from './scripted-sshd.ts';

/** One pair for all tests of a file: making one takes longer than most of them. */
const CLIENT_KEY = newKeyPair();

export class Sandbox {
  readonly dir = mkdtempSync(join(tmpdir(), 'coreos-infra-ssh-'));
  readonly clientKey = CLIENT_KEY;
  readonly identityFile = this.write('id', this.clientKey.private);
  readonly knownHostsFile = join(this.dir, 'known_hosts');
  /** No agent, and a home of its own: nothing of the user who runs the tests. */
  readonly environment: Partial<SshEnvironment> = {
    home: this.dir,
    configFile: join(this.dir, 'config'),
    systemKnownHostsFile: join(this.dir, 'ssh_known_hosts'),
    variables: { LOGNAME: 'admin' },
  };
  readonly #open: { close(): Promise<void> }[] = [];

  write(name: string, text: string, mode = 0o600): string {
    const path = join(this.dir, name);
    writeFileSync(path, text, { mode });
    return path;
  }

  read(name: string): string {
    return readFileSync(join(this.dir, name), 'utf8');
  }

  async startSshd(script: Script = {}): Promise<ScriptedSshd> {
    return this.keep(await startSshd(script, this.clientKey));
  }

  async startTcpServer(onSocket: Parameters<typeof startTcpServer>[0]): ReturnType<typeof startTcpServer> {
    return this.keep(await startTcpServer(onSocket));
  }

  /** known_hosts with all keys of the servers. */
  trust(...servers: readonly ScriptedSshd[]): this {
    const lines = servers.flatMap((server) =>
      server.hostKeys.map((key) => `[127.0.0.1]:${server.port} ${key.public}\n`),
    );
    this.write('known_hosts', lines.join(''));
    return this;
  }

  host(port: number, over: Partial<SshTarget> = {}): SshHost {
    const { identityFile, knownHostsFile } = this;
    return { name: 'ns1', ssh: { address: '127.0.0.1', port, user: 'core', identityFile, knownHostsFile, ...over } };
  }

  /** A connection to `host`, closed after the test. */
  async connect(host: SshHost, options: TransportOptions & { timeoutMs?: number } = {}): Promise<Connection> {
    const { timeoutMs = 5000, ...rest } = options;
    return this.keep(await createTransport({ environment: this.environment, ...rest }).connect(host, { timeoutMs }));
  }

  /** A trusted server with that script, and a connection to it. */
  async connectTo(
    script: Script,
    options: TransportOptions = {},
  ): Promise<{ connection: Connection; server: ScriptedSshd }> {
    const server = await this.startSshd(script);
    this.trust(server);
    return { server, connection: await this.connect(this.host(server.port), options) };
  }

  async end(): Promise<void> {
    for (const one of this.#open.splice(0).reverse()) await one.close();
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** Closes `one` when the test is over. */
  keep<T extends { close(): Promise<void> }>(one: T): T {
    this.#open.push(one);
    return one;
  }
}

/** The error that a promise rejects with; fails the test if it does not. */
export async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('it did not fail');
}
