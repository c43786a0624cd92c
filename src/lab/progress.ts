/** Says what the lab is doing, for how long it has been at it, and how long each step took. */

export type Log = (line: string) => void;

const STILL_MS = 15_000;

/** Runs one step; nothing takes longer than STILL_MS without a word. */
export async function step<T>(log: Log, title: string, work: () => Promise<T>): Promise<T> {
  const started = Date.now();
  log(`${title} …`);
  const still = setInterval(() => log(`${title}: still at it (${seconds(started)})`), STILL_MS);
  try {
    const result = await work();
    log(`${title}: done (${seconds(started)})`);
    return result;
  } finally {
    clearInterval(still);
  }
}

function seconds(since: number): string {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`;
}
