/** What is told of a run that has ended: whether it is, and in which words. Pure; the record has its secrets out. */
import type { RunRecord } from '../store/record.ts';
import type { Notification } from './notify.schema.ts';

/** The body of a webhook. Fields are only added (docs/notifications.md). `text` is what chat systems show. */
export interface RunNotice {
  readonly event: 'run-ended';
  readonly text: string;
  readonly run: string;
  readonly command: string;
  readonly outcome: RunRecord['outcome'];
  readonly exit: number | null;
  readonly owner: string;
  readonly schedule: string | null;
  readonly commit: string | null;
  readonly dirty: boolean | null;
  readonly lab: string | null;
  readonly startedAt: string;
  readonly durationMs: number | null;
  readonly hosts: Readonly<
    Record<string, { readonly status: string; readonly changes: number; readonly error: string | null }>
  >;
}

/** A run that was only looked at (--check) is nobody's news; a rehearsal is where it is asked for. */
export function isTold({ on = 'failure', lab = false }: Pick<Notification, 'on' | 'lab'>, record: RunRecord): boolean {
  if (record.check || (record.lab !== null && !lab)) return false;
  if (record.exit !== 0 || on === 'always') return true;
  return on === 'change' && record.outcome === 'changed';
}

export function noticeOf(record: RunRecord): RunNotice {
  return {
    event: 'run-ended',
    text: headline(record),
    run: record.id,
    command: record.command,
    outcome: record.outcome,
    exit: record.exit,
    owner: record.owner,
    schedule: record.schedule,
    commit: record.commit.ref,
    dirty: record.commit.dirty,
    lab: record.lab,
    startedAt: record.startedAt,
    durationMs: record.durationMs,
    hosts: Object.fromEntries(
      record.hosts.map(({ host, status, changes, error }) => [
        host,
        { status, changes: changes.length, error: error === null ? null : oneLine(error.message) },
      ]),
    ),
  };
}

/** `deploy-dns failed: ns1 reverted, ns2 skipped (run 7f3a21 by admin@desk)` */
export function headline({ command, outcome, hosts, id, owner, error, schedule }: RunRecord): string {
  const word = outcome === 'ok' ? 'found everything as described' : outcome === 'changed' ? 'changed' : outcome;
  const states = hosts.filter(({ status }) => status !== 'ok').map(({ host, status }) => `${host} ${status}`);
  const shown = states.length > 8 ? `${states.length} hosts` : states.join(', ');
  const why = error !== null ? oneLine(error.message) : shown;
  const who = schedule === null ? `by ${owner}` : `scheduled as ${schedule}`;
  return oneLine(`${command} ${word}${why === '' ? '' : `: ${why}`} (run ${id} ${who})`);
}

const HOSTS_MAX = 40;

/** A few lines for people: what happened on each host, and where to read on. */
export function bodyText(record: RunRecord): string {
  const lines = record.hosts.slice(0, HOSTS_MAX).flatMap(({ host, status, changes, error, probes }) => [
    `${host}: ${status}${changes.length === 0 ? '' : `, ${changes.length} ${changes.length === 1 ? 'change' : 'changes'}`}`,
    ...(error === null ? [] : [`  ${oneLine(error.message)}`, `  ${oneLine(error.remedy)}`]),
    ...probes
      .filter(({ ok }) => !ok)
      .slice(0, 5)
      .map(({ service, name, detail }) => oneLine(`  ${service} ${name}: ${detail}`)),
  ]);
  const more = record.hosts.length > HOSTS_MAX ? [`… and ${record.hosts.length - HOSTS_MAX} more`] : [];
  const top = record.error === null ? [] : [oneLine(record.error.message), oneLine(record.error.remedy)];
  return [...top, ...lines, ...more, '', `All of it: run history show ${record.id}`].join('\n');
}

/** What a host said stays one line, and without controls: it stands in a header, and in somebody's terminal. */
function oneLine(text: string): string {
  return (text.split(/\r?\n/)[0] ?? '')
    .replace(/[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g, '')
    .slice(0, 500);
}
