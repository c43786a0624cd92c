/** One case of what can happen to an upgrade, and what must hold after every one of them. */
import type { LoopFigure } from '../../src/probes/query-loop.ts';
import type { ClientFigures } from './client-process.ts';
import type { UpgradePair } from './upgrade-pair.ts';
import { SERVICES } from './upgrade-services.ts';

export interface UpgradeCase {
  readonly suite: string;
  readonly name: string;
  /** As long as it may take on a machine with other work to do. */
  readonly withinMs: number;
  /** Names a second that clients ask of each host; default: as of the pair. */
  readonly rate?: number;
  /** A server of DHCP is torn out of the pair, or broken: its clients wait until the other one has noticed. */
  readonly tearsDhcp?: true;
  /** Part of every `npm test`. */
  readonly isSample?: true;
  /** Throws what should not be so. Both hosts are on one release at its end. */
  run(pair: UpgradePair): Promise<UpgradeEnd>;
}

export interface UpgradeEnd {
  /** `new`: on the release that the case is about; `old`: on the one before; `back, then new`: back, and there after the next run. */
  readonly outcome: 'new' | 'old' | 'back, then new';
  /** How the commands ended. */
  readonly said: string;
}

/** What docs/dhcp.md promises of a server that is torn out, 11 s; half a second lies between two DISCOVERs, and timers are late on a busy machine. ms */
const DHCP_GAP_MS = 11_000 + 2_000;

/**
 * Never both down: a client that asks both hosts for names, the time and an address from before the case until after it loses nothing. Every
 * host ends on a release that is known, both on the same, and nothing is left lying about.
 */
export async function runUpgradeCase(
  pair: UpgradePair,
  one: UpgradeCase,
): Promise<{ outcome: string; detail: string }> {
  await pair.settled();
  const client = await pair.client(one.rate);
  try {
    const { outcome, said } = await inTime(one.withinMs, one.run(pair));
    await pair.settled();
    const [a, b] = pair.releases();
    if (a === undefined || a !== b) throw new Error(`the hosts run ${a} and ${b}`);
    await pair.serves();
    const figures = byService(await client.stop());
    const problems = figures.flatMap((figure) => lostBy(figure, one.tearsDhcp === true));
    if (problems.length > 0) throw new Error(`${problems.join('; ')} (${said})`);
    return { outcome, detail: [said, ...figures.map(inWords)].join(', ') };
  } finally {
    await client.stop().catch(() => undefined);
  }
}

interface ServiceFigure extends LoopFigure {
  readonly service: string;
}

function byService({ group, others }: ClientFigures): readonly ServiceFigure[] {
  const figures = { dns: group, ...others };
  return SERVICES.map((service) => ({ service, ...(figures[service] ?? { asked: 0, answered: 0, longestGapMs: 0 }) }));
}

function lostBy(figure: ServiceFigure, tearsDhcp: boolean): readonly string[] {
  const { service, asked, answered, longestGapMs } = figure;
  const mayLose = service === 'dhcp' && tearsDhcp;
  if (asked === 0) return [`nobody asked ${service}`];
  if (mayLose && longestGapMs > DHCP_GAP_MS)
    return [`no answer of ${service} for ${longestGapMs} ms, and it may be ${DHCP_GAP_MS}`];
  return mayLose || answered === asked ? [] : [`neither host answered ${asked - answered} of ${inWords(figure)}`];
}

function inWords({ service, asked, answered, longestGapMs }: ServiceFigure): string {
  const figure = `${service} ${answered === asked ? asked : `${answered}/${asked}`}`;
  return longestGapMs === 0 ? figure : `${figure}, gap ${(longestGapMs / 1_000).toFixed(1)} s`;
}

function inTime<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout;
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not over after ${ms / 1000} s`)), ms);
  });
  return Promise.race([work, over]).finally(() => clearTimeout(timer));
}
