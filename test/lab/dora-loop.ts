/** A client every 200 ms that takes a lease and gives it back, from whichever of the pair answers: what clients notice of a change. */
import { performance } from 'node:perf_hooks';
import { exchangeDhcp } from '../../src/probes/dhcp-exchange.ts';

export interface DoraFigures {
  readonly asked: number;
  readonly leased: number;
  /** Between two exchanges that succeeded, by the time at which they were begun, ms. */
  readonly longestGapMs: number;
  /** When the lost ones were begun, ms after the loop's start. */
  readonly lostAt: readonly number[];
}

/** As perfdhcp counts: an exchange that is not over by then is lost; nothing is asked again. */
const TIMEOUT_MS = 2_000;

/** `ratePerSec` exchanges a second, each by a client of its own, asked of all servers at once as a relay agent does. */
export function startDoraLoop(
  servers: readonly string[],
  ratePerSec = 5,
): { stop(): Promise<DoraFigures>; soFar(): DoraFigures } {
  const startedMs = performance.now();
  const done: { readonly at: number; readonly leased: boolean }[] = [];
  const running = new Set<Promise<void>>();
  let count = 0;
  const once = async (): Promise<void> => {
    const at = performance.now() - startedMs;
    const number = count++;
    const mac = Buffer.from([2, 0, 0x5e, (number >> 16) & 255, (number >> 8) & 255, number & 255]);
    const outcomes = servers.map((address) =>
      exchangeDhcp({ address, port: 67, link: address }, { mac, exchange: 'lease', timeoutMs: TIMEOUT_MS }).then(
        (outcome) => ('packet' in outcome ? true : Promise.reject(new Error(outcome.failure))),
      ),
    );
    const leased = await Promise.any(outcomes).catch(() => false);
    await Promise.allSettled(outcomes);
    done.push({ at, leased });
  };
  const timer = setInterval(() => {
    const one = once().finally(() => running.delete(one));
    running.add(one);
  }, 1000 / ratePerSec);
  const figures = (): DoraFigures => {
    const all = done.toSorted((a, b) => a.at - b.at);
    const good = all.filter(({ leased }) => leased).map(({ at }) => at);
    return {
      asked: all.length,
      leased: good.length,
      longestGapMs: Math.round(Math.max(0, ...good.slice(1).map((at, i) => at - (good[i] ?? 0)))),
      lostAt: all.filter(({ leased }) => !leased).map(({ at }) => Math.round(at)),
    };
  };
  return {
    soFar: figures,
    async stop() {
      clearInterval(timer);
      await Promise.all(running);
      return figures();
    },
  };
}
