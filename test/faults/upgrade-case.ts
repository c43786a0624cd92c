/** One case of what can happen to an upgrade, and what must hold after every one of them. */
import type { UpgradePair } from './upgrade-pair.ts';

export interface UpgradeCase {
  readonly suite: string;
  readonly name: string;
  /** As long as it may take on a machine with other work to do. */
  readonly withinMs: number;
  /** Part of every `npm test`. */
  readonly isSample?: true;
  /** Throws what should not be so. Both hosts are on one release at its end. */
  run(pair: UpgradePair): Promise<UpgradeEnd>;
}

export interface UpgradeEnd {
  /** `new`: on the release that the case is about; `old`: on the one before; `new, again`: back, and there after the next run. */
  readonly outcome: 'new' | 'old' | 'back, then new';
  /** How the commands ended. */
  readonly said: string;
}

/**
 * Never both down: a client that asks both resolvers from before the case until after it loses nothing. Every host ends on a release that
 * is known, both on the same, and nothing is left lying about.
 */
export async function runUpgradeCase(
  pair: UpgradePair,
  one: UpgradeCase,
): Promise<{ outcome: string; detail: string }> {
  await pair.settled();
  const client = await pair.client();
  try {
    const { outcome, said } = await inTime(one.withinMs, one.run(pair));
    await pair.settled();
    const [a, b] = pair.releases();
    if (a === undefined || a !== b) throw new Error(`the hosts run ${a} and ${b}`);
    const { group } = await client.stop();
    if (group.answered !== group.asked)
      throw new Error(`${group.asked - group.answered} of ${group.asked} queries were answered by neither resolver`);
    return { outcome, detail: `${said}, ${group.asked} queries` };
  } finally {
    await client.stop().catch(() => undefined);
  }
}

function inTime<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout;
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not over after ${ms / 1000} s`)), ms);
  });
  return Promise.race([work, over]).finally(() => clearTimeout(timer));
}
