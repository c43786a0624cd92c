/** Which connections of a run are taken over by the next play, and which never are. */
import { beforeEach, describe, expect, it } from 'vitest';
import { keepConnections } from '../../../src/engine/kept-connections.ts';
import { LinkLostError } from '../../../src/ssh/errors.ts';
import type { Connection, ExecOptions, Transport } from '../../../src/ssh/transport.ts';

const ns1 = { name: 'ns1', ssh: { address: '192.0.2.11', port: 22, user: 'core' } };
const ns2 = { name: 'ns2', ssh: { address: '192.0.2.12', port: 22, user: 'core' } };
const EXEC: ExecOptions = { what: 'observing', timeoutMs: 1000 };

/** What was connected to and closed, in order. */
let log: string[];
let isUp: boolean;
let nowMs: number;

const transport: Transport = {
  connect: async ({ name }) => {
    const id = `${name}#${log.filter((line) => line.startsWith(`connect ${name}`)).length + 1}`;
    log.push(`connect ${id}`);
    return connection(id, name);
  },
};

function connection(id: string, host: string): Connection {
  const unused = (): never => {
    throw new Error('not called here');
  };
  return {
    host,
    get isUp() {
      return isUp;
    },
    exec: async (command) => {
      if (command === 'lost') throw new LinkLostError('lost', { remedy: 'See.' });
      return { code: 0, stdout: Buffer.from(id), stderr: Buffer.alloc(0) };
    },
    start: unused,
    forward: unused,
    close: async () => void log.push(`close ${id}`),
  };
}

/** One play that looks at a host: connects, asks, closes. Returns which connection it was. */
async function look(over: Transport, host = ns1): Promise<string> {
  const connection = await over.connect(host, { reuse: true });
  const { stdout } = await connection.exec('observe', EXEC);
  await connection.close();
  return stdout.toString();
}

beforeEach(() => {
  log = [];
  isUp = true;
  nowMs = 1000;
});

describe('a kept connection', () => {
  it('serves play after play, each host its own, and ends with the run', async () => {
    const kept = keepConnections(transport, () => nowMs);
    expect([await look(kept.transport), await look(kept.transport), await look(kept.transport, ns2)]).toEqual([
      'ns1#1',
      'ns1#1',
      'ns2#1',
    ]);
    expect(log).toEqual(['connect ns1#1', 'connect ns2#1']);
    await kept.close();
    expect(log.slice(2)).toEqual(['close ns1#1', 'close ns2#1']);
  });

  it('is never given to who asked for a new one, nor taken from who has it', async () => {
    const kept = keepConnections(transport, () => nowMs);
    const first = await kept.transport.connect(ns1, { reuse: true });
    expect(await look(kept.transport)).toBe('ns1#2');
    const fresh = await kept.transport.connect(ns1);
    expect((await fresh.exec('status', EXEC)).stdout.toString()).toBe('ns1#3');
    await fresh.close();
    expect(log.at(-1)).toBe('close ns1#3');
    await first.close();
    await first.close(); // a second time means nothing
    expect(log.at(-1)).toBe('close ns1#2'); // one per host stays
    expect(await look(kept.transport)).toBe('ns1#1');
  });

  it('is not trusted after a failed command, a dialogue, a forward, a lost link, or five idle seconds', async () => {
    const kept = keepConnections(transport, () => nowMs);
    const spent = async (use: (connection: Connection) => unknown): Promise<string | undefined> => {
      const connection = await kept.transport.connect(ns1, { reuse: true });
      try {
        await use(connection);
      } catch {
        // the play says so
      }
      await connection.close();
      return log.at(-1);
    };
    expect(await spent((one) => one.exec('lost', EXEC))).toBe('close ns1#1');
    expect(await spent((one) => one.start('apply', EXEC))).toBe('close ns1#2');
    expect(await spent((one) => one.forward('192.0.2.1', 53, 100))).toBe('close ns1#3');
    expect(await look(kept.transport)).toBe('ns1#4');
    isUp = false;
    await expect(kept.transport.connect(ns1, { reuse: true })).resolves.toMatchObject({ host: 'ns1' });
    expect(log.slice(-2)).toEqual(['close ns1#4', 'connect ns1#5']);
    isUp = true;
    expect(await look(kept.transport)).toBe('ns1#6');
    nowMs += 5001;
    expect(await look(kept.transport)).toBe('ns1#7');
    expect(log).toContain('close ns1#6');
  });
});
