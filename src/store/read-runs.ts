/** Reads runs from the history: lines of many, all of one. */
import type { ChangeReport } from '../engine/events.ts';
import type { Database, Row, SqlValue } from './database.ts';
import { RunNotFoundError } from './errors.ts';
import type { HostRecord, NoteRecord, ProbeRecord, RunLine, RunRecord } from './record.ts';

/** All that is given has to hold. */
export interface RunFilter {
  /** This host took part. */
  readonly host?: string;
  /** The playbook or command. */
  readonly playbook?: string;
  /** ISO 8601: started at this time or later. */
  readonly since?: string;
  /** Ended with another exit code than 0, or never ended. */
  readonly failed?: boolean;
  /** Began by this schedule. */
  readonly schedule?: string;
  /** Rehearsals in this lab; null: the real hosts. Default: both. */
  readonly lab?: string | null;
  /** Newest so many. */
  readonly limit?: number;
}

/** Newest first. */
export function listRuns(database: Database, filter: RunFilter = {}): readonly RunLine[] {
  const conditions: string[] = [];
  const values: SqlValue[] = [];
  const where = (condition: string, ...given: readonly SqlValue[]): void => {
    conditions.push(condition);
    values.push(...given);
  };
  if (filter.host !== undefined)
    where('EXISTS (SELECT 1 FROM hosts WHERE hosts.run = runs.seq AND hosts.host = ?)', filter.host);
  if (filter.playbook !== undefined) where('command = ?', filter.playbook);
  if (filter.since !== undefined) where('started_at >= ?', filter.since);
  if (filter.schedule !== undefined) where('schedule = ?', filter.schedule);
  if (filter.lab !== undefined) where('lab IS ?', filter.lab);
  if (filter.failed === true) where('(exit IS NULL OR exit <> 0)');
  const rows = database.all(
    `SELECT runs.*, (SELECT count(*) FROM changes WHERE changes.run = runs.seq) AS changes FROM runs
     ${conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`} ORDER BY started_at DESC, seq DESC LIMIT ?`,
    ...values,
    filter.limit ?? -1,
  );
  return rows.map((row) => {
    const hosts = database.all('SELECT host, status FROM hosts WHERE run = ? ORDER BY position', number(row['seq']));
    return {
      ...base(row),
      hosts: hosts.map((host) => ({ host: text(host['host']), status: statusOf(host) })),
      changes: number(row['changes']),
    };
  });
}

/** By id or the beginning of one; of several runs with the very same id the newest. Throws RunNotFoundError. */
export function findRun(database: Database, id: string): RunRecord {
  const rows = database.all(
    'SELECT * FROM runs WHERE substr(id, 1, length(?)) = ? ORDER BY started_at DESC, seq DESC LIMIT 20',
    id,
    id,
  );
  const [first] = rows;
  const ids = [...new Set(rows.map((row) => text(row['id'])))];
  if (first === undefined || id === '') {
    throw new RunNotFoundError(`there is no run ${id} in the history`, { remedy: 'See which there are: run history' });
  }
  if (ids.length > 1) {
    throw new RunNotFoundError(`${id} is the beginning of several runs: ${ids.join(', ')}`, {
      remedy: 'Give more digits.',
    });
  }
  return loadRun(database, first);
}

function loadRun(database: Database, row: Row): RunRecord {
  const seq = number(row['seq']);
  const changes = database.all('SELECT * FROM changes WHERE run = ? ORDER BY position', seq);
  const probes = database.all('SELECT * FROM probes WHERE run = ? ORDER BY position', seq);
  const ofHost = (rows: readonly Row[], host: string): readonly Row[] => rows.filter((one) => one['host'] === host);
  return {
    ...base(row),
    error: parsed(row['error']),
    availability: parsed(row['availability']),
    hosts: database.all('SELECT * FROM hosts WHERE run = ? ORDER BY position', seq).map((host): HostRecord => {
      const name = text(host['host']);
      return {
        host: name,
        status: statusOf(host),
        tookMs: numberOrNull(host['took_ms']),
        resources: numberOrNull(host['resources']),
        message: textOrNull(host['message']),
        error: parsed(host['error']),
        changes: ofHost(changes, name).map(changeOf),
        probes: ofHost(probes, name).map(probeOf),
      };
    }),
    notes: database.all('SELECT * FROM notes WHERE run = ? ORDER BY position', seq).map(noteOf),
  };
}

function base(row: Row): Omit<RunRecord, 'hosts' | 'notes' | 'availability' | 'error'> {
  const dirty = row['git_dirty'];
  return {
    id: text(row['id']),
    command: text(row['command']),
    args: parsed(row['args']) ?? [],
    startedAt: text(row['started_at']),
    endedAt: textOrNull(row['ended_at']),
    durationMs: numberOrNull(row['duration_ms']),
    owner: text(row['owner']),
    schedule: textOrNull(row['schedule']),
    commit: { ref: textOrNull(row['git_ref']), dirty: dirty === null || dirty === undefined ? null : dirty === 1 },
    version: text(row['version']),
    inventory: text(row['inventory']),
    lab: textOrNull(row['lab']),
    check: row['is_check'] === 1,
    outcome: text(row['outcome']) as RunRecord['outcome'], // written by write-run.ts only
    exit: numberOrNull(row['exit']),
    process: parsed(row['process']),
  };
}

function changeOf(row: Row): ChangeReport {
  const detail = textOrNull(row['detail']);
  const diff = textOrNull(row['diff']);
  const handEdit = textOrNull(row['hand_edit']);
  return {
    resource: text(row['resource']),
    action: text(row['action']) as ChangeReport['action'],
    ...(detail === null ? {} : { detail }),
    ...(diff === null ? {} : { diff: diff.split('\n') }),
    ...(handEdit === null ? {} : { handEdit: handEdit.split('\n') }),
  };
}

function probeOf(row: Row): ProbeRecord {
  return {
    at: text(row['at']),
    ok: row['ok'] === 1,
    service: text(row['service']),
    name: text(row['name']),
    detail: text(row['detail']),
    tookMs: number(row['took_ms']),
    from: textOrNull(row['asked_from']),
  };
}

function noteOf(row: Row): NoteRecord {
  return {
    at: text(row['at']),
    kind: text(row['kind']) as NoteRecord['kind'],
    host: textOrNull(row['host']),
    message: text(row['message']),
  };
}

function statusOf(row: Row): HostRecord['status'] {
  return text(row['status']) as HostRecord['status'];
}

function parsed<T>(value: SqlValue | undefined): T | null {
  if (typeof value !== 'string') return null;
  try {
    return JSON.parse(value) as T; // written by write-run.ts only
  } catch {
    return null;
  }
}

const text = (value: SqlValue | undefined): string => String(value ?? '');
const number = (value: SqlValue | undefined): number => Number(value ?? 0);
const textOrNull = (value: SqlValue | undefined): string | null =>
  value === null || value === undefined ? null : String(value);
const numberOrNull = (value: SqlValue | undefined): number | null =>
  value === null || value === undefined ? null : Number(value);
