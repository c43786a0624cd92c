/** Changes in words and diffs, for the screen, --json and reports. Unified diffs; zones by record. */

import { zoneDiff } from '../dns/diff.ts';
import { parseRendered } from '../dns/parse-rendered.ts';
import { Secret } from '../secrets/secret.ts';
import type { Change, DeleteChange, WriteChange } from './change.ts';
import type { ChangeReport } from './events.ts';
import { handEditLines, objectPath } from './hand-edit.ts';
import { holdsSecret, writtenHash } from './plan.ts';

const CHANGED_SECRET = 'changed (secret)';

/** Lines of one diff that are kept, at most: a report is for reading. */
const DIFF_LINES_MAX = 400;

/** `present`: contents on the host of the files that change (src/engine/host-agent.ts); a missing one shows no diff. */
export async function describeChanges(
  changes: readonly Change[],
  present: ReadonlyMap<string, Buffer>,
): Promise<readonly ChangeReport[]> {
  const reports: ChangeReport[] = [];
  for (const change of changes) reports.push(await describe(change, present));
  return reports;
}

async function describe(change: Change, present: ReadonlyMap<string, Buffer>): Promise<ChangeReport> {
  const base = {
    resource: change.id,
    action: change.action === 'enable' || change.action === 'disable' ? ('update' as const) : change.action,
  };
  switch (change.kind) {
    case 'podman-secret':
      return { ...base, detail: CHANGED_SECRET };
    case 'image':
      return { ...base, detail: 'not on the host yet: pulled before anything is touched' };
    case 'directory':
      return { ...base, detail: attributesDetail(change) ?? '' };
    case 'unit':
      return {
        ...base,
        detail:
          change.action === 'enable' || change.action === 'disable'
            ? `${change.action}: ${change.because.join(', ')}`
            : change.because.join(', '),
      };
    case 'command':
      return { ...base, detail: change.resource.undo === undefined ? 'not undone by a revert' : 'undone by a revert' };
    case 'delete': {
      if (holdsSecret(change)) return { ...base, detail: 'no longer described (secret)' };
      const old = present.get(change.path);
      const lines = old === undefined ? [] : textLines(old).map((line) => `- ${line}`);
      return {
        ...base,
        detail: 'no longer described',
        ...(lines.length > 0 ? { diff: bounded(lines) } : {}),
        ...(await handEditOf(change, present)),
      };
    }
    case 'write':
      return { ...base, ...(await describeWrite(change, present)) };
  }
}

async function describeWrite(
  change: WriteChange,
  present: ReadonlyMap<string, Buffer>,
): Promise<Omit<ChangeReport, 'resource' | 'action'>> {
  if (holdsSecret(change)) return { detail: secretDetail(change) };
  const { content } = change;
  if (content instanceof Secret) throw new TypeError('a secret is not described');
  const old = present.get(change.path);
  const hand = await handEditOf(change, present);
  const attributes = attributesDetail(change);
  if (change.resource.kind === 'zone') {
    const diff = zoneDiff(
      old === undefined ? undefined : parseRendered(old.toString('utf8'), change.resource.zone.name),
      change.resource.zone,
    );
    const before = diff.serialBefore === undefined ? '' : `${diff.serialBefore} → `;
    const counts = [
      diff.added > 0 ? `+${diff.added}` : '',
      diff.changed > 0 ? `~${diff.changed}` : '',
      diff.removed > 0 ? `-${diff.removed}` : '',
    ]
      .filter((part) => part !== '')
      .join(' ');
    const detail = `serial ${before}${change.serial}${counts === '' ? '' : ` (${counts})`}`;
    return {
      detail: attributes === undefined ? detail : `${detail}, ${attributes}`,
      diff: bounded(diff.lines),
      ...hand,
    };
  }
  if (change.resource.kind === 'file' && change.resource.describe !== undefined) {
    const told = change.resource.describe(old?.toString('utf8'));
    if (told !== undefined) {
      const detail = [told.detail, attributes].filter((part) => part !== undefined).join(', ');
      return { ...(detail === '' ? {} : { detail }), diff: bounded(told.lines), ...hand };
    }
  }
  const lines =
    isText(content) && (old === undefined || isText(old))
      ? await unifiedDiff(old, content)
      : [`  binary, ${old?.length ?? 0} → ${content.length} bytes`];
  return {
    ...(attributes === undefined ? {} : { detail: attributes }),
    ...(lines.length > 0 ? { diff: bounded(lines) } : {}),
    ...hand,
  };
}

/** What may be said of a file with secrets: that it differs, and in which attributes. */
function secretDetail(change: WriteChange): string {
  const attributes = attributesDetail(change);
  const byHand = change.handEdited ? ' (edited on the host by hand)' : '';
  return [`${CHANGED_SECRET}${byHand}`, attributes].filter((part) => part !== undefined).join(', ');
}

/** The lines of a hand edit that this change would replace, and when they were written; nothing when it would replace none. */
async function handEditOf(
  change: WriteChange | DeleteChange,
  present: ReadonlyMap<string, Buffer>,
): Promise<Pick<ChangeReport, 'handEdit' | 'handEditAt'>> {
  const hash = writtenHash(change);
  if (hash === undefined || change.before.type !== 'file') return {};
  const at = { handEditAt: new Date(change.before.mtime * 1000).toISOString() };
  const now = present.get(change.path);
  if (now === undefined) return { handEdit: ['  (too large to be shown)'], ...at };
  const written = present.get(objectPath(hash));
  const desired = change.kind === 'write' && !(change.content instanceof Secret) ? { desired: change.content } : {};
  const lines = await handEditLines({ present: now, written, ...desired });
  return lines.length === 0 ? {} : { handEdit: bounded(lines), ...at };
}

type Attributes = Pick<WriteChange, 'before' | 'mode' | 'owner' | 'group' | 'written'>;

function attributesDetail(change: Attributes): string | undefined {
  const { before, written } = change;
  if (before.type === 'absent') return written === undefined ? undefined : 'was deleted on the host by hand';
  const parts = [
    before.mode === change.mode ? '' : `mode ${octal(before.mode)} → ${octal(change.mode)}`,
    before.owner === change.owner && before.group === change.group
      ? ''
      : `owner ${before.owner}:${before.group} → ${change.owner}:${change.group}`,
  ].filter((part) => part !== '');
  if (parts.length === 0) return undefined;
  const isByHand =
    written !== undefined &&
    (before.mode !== written.mode || before.owner !== written.owner || before.group !== written.group);
  return isByHand ? `${parts.join(', ')} (changed on the host by hand)` : parts.join(', ');
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}

/** The changed lines with two lines around them, without file headers: the resource's name stands above. */
async function unifiedDiff(old: Buffer | undefined, content: Uint8Array): Promise<readonly string[]> {
  const { structuredPatch } = await import('diff');
  const patch = structuredPatch('', '', old?.toString('utf8') ?? '', Buffer.from(content).toString('utf8'), '', '', {
    context: 2,
  });
  return patch.hunks.flatMap((hunk, index) => [
    ...(index === 0 ? [] : ['  …']),
    ...hunk.lines.filter((line) => !line.startsWith('\\')).map((line) => `${line.slice(0, 1)} ${line.slice(1)}`),
  ]);
}

function isText(content: Uint8Array): boolean {
  return !content.includes(0);
}

function textLines(content: Buffer): readonly string[] {
  if (!isText(content)) return [];
  const lines = content.toString('utf8').split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

function bounded(lines: readonly string[]): readonly string[] {
  return lines.length <= DIFF_LINES_MAX
    ? lines
    : [...lines.slice(0, DIFF_LINES_MAX), `  … ${lines.length - DIFF_LINES_MAX} more lines`];
}
