/** What a person changed in a file that we wrote: the lines that applying would replace. */
import type { DriftedPath } from './fleet.ts';
import { openSlot } from './locked.ts';
import type { ManagedEntry, Observation, PathState } from './observation.ts';

/** Where the helper keeps the contents that it wrote, by hash (docs/protocol.md). */
export function objectPath(sha256: string): string {
  return `/var/lib/coreos-infra/objects/${sha256}`;
}

export interface HandEditInput {
  /** What stands there now. */
  readonly present: Uint8Array;
  /** What we wrote last; undefined: the host no longer has it. */
  readonly written: Uint8Array | undefined;
  /** What would be written now; undefined: nothing is to be written, all of the edit is told. */
  readonly desired?: Uint8Array;
}

/**
 * `- ` a line of the hand that would go, `+ ` a line of ours that the hand took out and that would come back. What the description has
 * taken over meanwhile is not among them: empty when applying would undo nothing of the edit.
 */
export async function handEditLines({ present, written, desired }: HandEditInput): Promise<readonly string[]> {
  if (written === undefined)
    return ['  (what was written is no longer kept on the host: it cannot be said which lines)'];
  if ([present, written, desired ?? present].some((content) => content.includes(0)))
    return [`  binary, ${written.length} → ${present.length} bytes by hand`];
  const { diffArrays } = await import('diff');
  const [now, ours] = [linesOf(present), linesOf(written)];
  const next = desired === undefined ? undefined : replaced(diffArrays(now, linesOf(desired)));
  const lines: string[] = [];
  let index = 0;
  for (const { value, added, removed } of diffArrays(now, ours)) {
    for (const line of value) {
      if (removed && (next === undefined || next.goes.has(index))) lines.push(`- ${line}`);
      if (added && (next === undefined || takeOne(next.comes, line))) lines.push(`+ ${line}`);
      if (!added) index += 1;
    }
  }
  return lines;
}

interface Replaced {
  /** Indexes of present lines that applying takes away. */
  readonly goes: ReadonlySet<number>;
  /** Lines that it brings, and how often. */
  readonly comes: Map<string, number>;
}

function replaced(
  parts: readonly { readonly value: readonly string[]; readonly added: boolean; readonly removed: boolean }[],
): Replaced {
  const goes = new Set<number>();
  const comes = new Map<string, number>();
  let index = 0;
  for (const { value, added, removed } of parts) {
    for (const line of value) {
      if (added) comes.set(line, (comes.get(line) ?? 0) + 1);
      if (removed) goes.add(index);
      if (!added) index += 1;
    }
  }
  return { goes, comes };
}

function takeOne(lines: Map<string, number>, line: string): boolean {
  const left = lines.get(line) ?? 0;
  if (left > 0) lines.set(line, left - 1);
  return left > 0;
}

function linesOf(content: Uint8Array): string[] {
  const lines = Buffer.from(content).toString('utf8').split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/**
 * How something that we wrote differs from what we wrote; undefined: it does not. A person did that, or another program.
 * `attributes`: mode or owner alone; `replaced`: no longer a regular file (or folder).
 */
export function driftOf(entry: ManagedEntry, state: PathState | undefined): DriftedPath['kind'] | undefined {
  if (state === undefined || state.type === 'absent') return 'deleted';
  if (state.type !== (entry.kind === 'directory' ? 'directory' : 'file')) return 'replaced';
  if (entry.kind !== 'directory' && state.sha256 !== entry.sha256) return 'edited';
  const isSame = state.mode === entry.mode && state.owner === entry.owner && state.group === entry.group;
  return isSame ? undefined : 'attributes';
}

/** While a change set is open, files are in the middle of a change of ours: nothing can be said of hands. */
export function driftedPaths(observation: Observation): readonly DriftedPath[] {
  if (openSlot(observation.slot) !== undefined) return [];
  return observation.managed.flatMap((entry) => {
    const state = observation.paths.get(entry.path);
    const kind = driftOf(entry, state);
    if (kind === undefined) return [];
    const at = state === undefined || state.type === 'absent' ? {} : { at: new Date(state.mtime * 1000).toISOString() };
    return [{ path: entry.path, role: entry.role, kind, ...at }];
  });
}
