/** A "host" that is a shell on this machine: the remote commands run for real, without ssh. */
import { spawn } from 'node:child_process';
import type { FleetEvent } from '../../../src/exec/events.ts';
import type { Fleet } from '../../../src/exec/fleet.ts';
import type { Host } from '../../../src/inventory/model.ts';
import { AbortedError, HostUnreachableError } from '../../../src/ssh/errors.ts';
import type { Connection, ExecOptions, ExecResult, Transport } from '../../../src/ssh/transport.ts';

export function host(name: string): Host {
  const ssh = { address: name, port: 22, user: 'core' };
  return { name, address: name, prefix: 24, ssh, groups: ['all'], vars: {}, origin: () => undefined };
}

/** Commands run in `cwd`; hosts named `down…` cannot be reached. */
export function localTransport(cwd: string): Transport {
  return {
    connect: async ({ name }) => {
      if (name.startsWith('down'))
        throw new HostUnreachableError('no answer', { host: name, reason: 'timeout', remedy: 'Look at its console.' });
      return connection(name, cwd);
    },
  };
}

function connection(name: string, cwd: string): Connection {
  const unused = (): never => {
    throw new Error('not used by exec');
  };
  return {
    host: name,
    exec: (command, options) => exec(command, options, cwd),
    start: unused,
    forward: unused,
    close: async () => {},
  };
}

function exec(command: string, options: ExecOptions, cwd: string): Promise<ExecResult> {
  const child = spawn('/bin/sh', ['-c', command], { cwd, stdio: 'pipe' });
  return new Promise((resolve, reject) => {
    const pending: unknown[] = [];
    child.stdout.on('data', (chunk: Buffer) => pending.push(options.onStdout?.(chunk)));
    child.stderr.on('data', (chunk: Buffer) => pending.push(options.onStderr?.(chunk)));
    child.stdin.on('error', () => {});
    if (options.input === undefined) child.stdin.end(options.stdin);
    else {
      // As over ssh: what cannot be sent to its end closes the channel, and the host sees the end of its stdin.
      const fail = (error: Error): void => {
        child.stdin.destroy();
        reject(error);
      };
      options.input.once('error', fail).pipe(child.stdin);
    }
    const abort = (): void => reject(new AbortedError('given up', { remedy: 'Run it again.' }));
    options.signal?.addEventListener('abort', abort, { once: true });
    child.on('close', (code) => {
      const result = { code: code ?? 137, stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };
      void Promise.all(pending).then(() => resolve(result), reject);
    });
  });
}

export interface TestFleet extends Fleet {
  readonly events: FleetEvent[];
}

export function fleet(names: readonly string[], over: Partial<Fleet> & { readonly cwd?: string } = {}): TestFleet {
  const events: FleetEvent[] = [];
  return {
    hosts: names.map(host),
    forks: 8,
    transport: localTransport(over.cwd ?? '/'),
    remote: { nonce: '0123456789abcdef', sudo: false, ignoresLocks: true },
    emit: (event) => void events.push(event),
    signal: new AbortController().signal,
    events,
    ...over,
  };
}
