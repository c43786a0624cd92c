/** A transport that says what the controller is about to do on which host, and can hold it there or lose the answer. */
import { LinkLostError } from '../../src/ssh/errors.ts';
import type { Connection, Dialogue, ExecOptions, Transport } from '../../src/ssh/transport.ts';

export interface Watch {
  /** Before anything is done: `ns1 confirming 1`, counted for each host and deed. Holds the controller until it resolves. */
  before(step: string): Promise<void>;
  /** The host did it, and the link is lost before the controller hears of it. */
  isLost?(step: string): boolean;
}

export function watchTransport(transport: Transport, watch: Watch): Transport {
  const counts = new Map<string, number>();
  const begin = async (host: string, deed: string): Promise<string> => {
    const name = `${host} ${deed}`;
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    const step = `${name} ${count}`;
    await watch.before(step);
    return step;
  };
  return {
    async connect(host, options) {
      const step = await begin(host.name, 'connecting');
      const connection = await transport.connect(host, options);
      if (watch.isLost?.(step) === true) throw await lose(connection, step);
      return watchConnection(connection, watch, begin);
    },
  };
}

type Begin = (host: string, deed: string) => Promise<string>;

function watchConnection(inner: Connection, watch: Watch, begin: Begin): Connection {
  return {
    host: inner.host,
    async exec(command, options) {
      const step = await begin(inner.host, options.what);
      const result = await inner.exec(command, options);
      if (watch.isLost?.(step) === true) throw await lose(inner, step);
      return result;
    },
    async start(command: string, options: ExecOptions): Promise<Dialogue> {
      const step = await begin(inner.host, options.what);
      const lost = watch.isLost?.(step) === true ? step : '';
      return watchDialogue(inner, await inner.start(command, options), watch, begin, lost);
    },
    forward: (address, port, timeoutMs) => inner.forward(address, port, timeoutMs),
    close: () => inner.close(),
  };
}

/** `start`: the step of the start, when no line of the host is to be heard at all; else ''. */
function watchDialogue(connection: Connection, inner: Dialogue, watch: Watch, begin: Begin, start: string): Dialogue {
  let lost = start;
  async function* lines(): AsyncGenerator<string> {
    for await (const line of inner.lines) {
      // The host does what it was told; what it says of it is not heard.
      if (lost !== '') throw await lose(connection, lost);
      yield line;
    }
  }
  return {
    async write(data) {
      const isGo = data === 'go\n';
      const step = isGo ? await begin(connection.host, 'saying go') : '';
      await inner.write(data);
      if (isGo && watch.isLost?.(step) === true) lost = step;
    },
    endInput: () => inner.endInput(),
    lines: lines(),
    result: inner.result,
    abort: () => inner.abort(),
  };
}

async function lose(connection: Connection, step: string): Promise<LinkLostError> {
  await connection.close();
  return new LinkLostError(`${connection.host}: the answer to "${step}" was lost`, {
    host: connection.host,
    remedy: 'This is a test.',
  });
}
