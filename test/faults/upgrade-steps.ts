/** The words that the controller says of each host, in this order, and what cases of faults at them have in common. */
import { expect } from 'vitest';
import type { Command, Ended } from './upgrade-command.ts';
import type { UpgradePair } from './upgrade-pair.ts';

export const STEPS = [
  'checking',
  'opening',
  'staging',
  'draining',
  'rebooting',
  'verifying',
  'soaking',
  'confirming',
] as const;
export type Step = (typeof STEPS)[number];

/** Some have two faults and up to four runs, on a machine with other work to do. */
export const WITHIN_MS = 600_000;

/** As by the OOM killer. */
export async function killed(command: Command): Promise<void> {
  command.signal('SIGKILL');
  await command.ended;
}

/** The next run finds its way, with the same release. */
export async function goesOn(pair: UpgradePair, version: string, ...args: readonly string[]): Promise<void> {
  isOn(pair, version, await pair.upgrade(...args));
}

/** Both hosts run it, and the command says so. */
export function isOn(pair: UpgradePair, version: string, { code, summary }: Ended): void {
  expect([code, ...pair.releases()], JSON.stringify(summary)).toEqual([0, version, version]);
}
