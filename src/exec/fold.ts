/** Hosts that said the same and ended the same, as one group. Pure. */
import type { ExecStatus, HostOutcome } from './events.ts';
import type { Kept } from './kept-output.ts';

export interface OutputGroup {
  /** In the order of the inventory. */
  readonly hosts: readonly string[];
  readonly status: ExecStatus;
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: Kept;
  readonly stderr: Kept;
}

/** Groups in the order of their first host. Streams that were cut are compared by all that was sent. */
export function foldOutcomes(outcomes: readonly HostOutcome[]): readonly OutputGroup[] {
  const groups = new Map<string, OutputGroup & { readonly hosts: string[] }>();
  for (const { host, status, code, signal, stdout, stderr } of outcomes) {
    const key = JSON.stringify([status, code, signal, stdout.fingerprint, stderr.fingerprint]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { hosts: [host], status, code, signal, stdout, stderr });
    else group.hosts.push(host);
  }
  return [...groups.values()];
}

export function hasOutput({ stdout, stderr }: Pick<OutputGroup, 'stdout' | 'stderr'>): boolean {
  return stdout.totalBytes + stderr.totalBytes > 0;
}

/** The group of the most hosts among those whose command ended; of equals the first. */
export function majorityOf(groups: readonly OutputGroup[]): OutputGroup | undefined {
  const ended = groups.filter(({ code }) => code !== null);
  const most = Math.max(0, ...ended.map(({ hosts }) => hosts.length));
  return ended.find(({ hosts }) => hosts.length === most);
}
