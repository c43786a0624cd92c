/** One connection per host for the plays of a run that only look: what a play has closed, the next one may take over. */
import type { Connection, ConnectOptions, Transport } from '../ssh/transport.ts';

/** Older ones are not trusted: what happens to a host within this time could as well happen while a play uses its connection. */
const IDLE_MS_MAX = 5_000;

export interface KeptConnections {
  readonly transport: Transport;
  /** Ends those that nobody uses. Never throws. */
  close(): Promise<void>;
}

/**
 * `connect` with `reuse` takes over a connection that was made with `reuse` too, is closed by its user, and over which nothing but
 * commands ran, none of which failed. All others are new, and end when they are closed. `now`: monotonic, ms.
 */
export function keepConnections(transport: Transport, now: () => number): KeptConnections {
  const idle = new Map<string, KeptConnection>();
  const take = (name: string): KeptConnection | undefined => {
    const kept = idle.get(name);
    idle.delete(name);
    if (kept === undefined || kept.isGood(now())) return kept;
    void kept.end();
    return undefined;
  };
  return {
    transport: {
      async connect(host, { reuse = false, ...options }: ConnectOptions = {}) {
        if (!reuse) return transport.connect(host, options);
        const kept = options.signal?.aborted === true ? undefined : take(host.name);
        if (kept !== undefined) return kept.lend();
        const connection = new KeptConnection(await transport.connect(host, options), now, async (one) => {
          const before = idle.get(host.name);
          idle.set(host.name, one);
          await before?.end();
        });
        return connection.lend();
      },
    },
    async close() {
      const all = [...idle.values()];
      idle.clear();
      await Promise.all(all.map((one) => one.end()));
    },
  };
}

class KeptConnection {
  readonly #connection: Connection;
  readonly #putBack: (kept: KeptConnection) => Promise<void>;
  readonly #now: () => number;
  #isSpent = false;
  #idleSinceMs = 0;

  constructor(connection: Connection, now: () => number, putBack: (kept: KeptConnection) => Promise<void>) {
    this.#connection = connection;
    this.#now = now;
    this.#putBack = putBack;
  }

  isGood(nowMs: number): boolean {
    return !this.#isSpent && this.#connection.isUp !== false && nowMs - this.#idleSinceMs <= IDLE_MS_MAX;
  }

  end(): Promise<void> {
    return this.#connection.close();
  }

  /** For one user, whose `close` gives it back; a second `close` of the same user does nothing. */
  lend(): Connection {
    const connection = this.#connection;
    const spend = (): void => {
      this.#isSpent = true;
    };
    let closing: Promise<void> | undefined;
    return {
      host: connection.host,
      exec: (command, options) => {
        const result = connection.exec(command, options);
        result.catch(spend);
        return result;
      },
      start: (command, options) => {
        spend();
        return connection.start(command, options);
      },
      forward: (address, port, timeoutMs) => {
        spend();
        return connection.forward(address, port, timeoutMs);
      },
      close: () => {
        closing ??= this.#giveBack();
        return closing;
      },
    };
  }

  #giveBack(): Promise<void> {
    this.#idleSinceMs = this.#now();
    return this.isGood(this.#idleSinceMs) ? this.#putBack(this) : this.end();
  }
}
