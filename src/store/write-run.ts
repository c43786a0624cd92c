/** Puts runs into the history: once when the first host is being changed, and for good when they end. */
import type { Database, SqlValue } from './database.ts';
import type { HostRecord, NoteRecord, RunRecord } from './record.ts';

const RUN_COLUMNS = [
  'id',
  'command',
  'args',
  'started_at',
  'ended_at',
  'duration_ms',
  'owner',
  'schedule',
  'git_ref',
  'git_dirty',
  'version',
  'inventory',
  'lab',
  'is_check',
  'outcome',
  'exit',
  'error',
  'availability',
  'process',
] as const;

/** All of it in one transaction; `seq` replaces what was written before of the same run. Returns the run's number in this store. */
export function writeRun(database: Database, record: RunRecord, seq?: number): number {
  return database.transaction(() => {
    if (seq !== undefined) database.run('DELETE FROM runs WHERE seq = ?', seq);
    const columns = seq === undefined ? RUN_COLUMNS : (['seq', ...RUN_COLUMNS] as const);
    const values = seq === undefined ? runValues(record) : [seq, ...runValues(record)];
    const { lastId } = database.run(
      `INSERT INTO runs (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
      ...values,
    );
    for (const [index, host] of record.hosts.entries()) writeHost(database, lastId, index, host);
    writeChanges(database, lastId, record.hosts);
    writeProbes(database, lastId, record.hosts);
    for (const [index, note] of record.notes.entries()) insertNote(database, lastId, index, note);
    return lastId;
  });
}

/** Adds what became known after the run had ended: whether somebody could be told. */
export function addNote(database: Database, run: number | string, note: NoteRecord): void {
  database.transaction(() => {
    const seq = typeof run === 'number' ? run : newest(database, run);
    if (seq === undefined) return; // pruned meanwhile
    const [row] = database.all('SELECT coalesce(max(position), -1) + 1 AS next FROM notes WHERE run = ?', seq);
    insertNote(database, seq, Number(row?.['next'] ?? 0), note);
  });
}

function newest(database: Database, id: string): number | undefined {
  const [row] = database.all('SELECT max(seq) AS seq FROM runs WHERE id = ?', id);
  return typeof row?.['seq'] === 'number' ? row['seq'] : undefined;
}

function runValues(record: RunRecord): readonly SqlValue[] {
  const { commit } = record;
  return [
    record.id,
    record.command,
    JSON.stringify(record.args),
    record.startedAt,
    record.endedAt,
    record.durationMs,
    record.owner,
    record.schedule,
    commit.ref,
    commit.dirty === null ? null : Number(commit.dirty),
    record.version,
    record.inventory,
    record.lab,
    Number(record.check),
    record.outcome,
    record.exit,
    json(record.error),
    json(record.availability),
    json(record.process),
  ];
}

function writeHost(database: Database, run: number, position: number, host: HostRecord): void {
  database.run(
    'INSERT INTO hosts (run, position, host, status, took_ms, resources, message, error) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    run,
    position,
    host.host,
    host.status,
    host.tookMs,
    host.resources,
    host.message,
    json(host.error),
  );
}

function writeChanges(database: Database, run: number, hosts: readonly HostRecord[]): void {
  const all = hosts.flatMap(({ host, changes }) => changes.map((change) => ({ host, change })));
  for (const [index, { host, change }] of all.entries()) {
    const { resource, action, detail, diff, handEdit } = change;
    database.run(
      'INSERT INTO changes (run, position, host, resource, action, detail, diff, hand_edit) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      run,
      index,
      host,
      resource,
      action,
      detail ?? null,
      diff === undefined ? null : diff.join('\n'),
      handEdit === undefined ? null : handEdit.join('\n'),
    );
  }
}

function writeProbes(database: Database, run: number, hosts: readonly HostRecord[]): void {
  const all = hosts.flatMap(({ host, probes }) => probes.map((probe) => ({ host, probe })));
  for (const [index, { host, probe }] of all.entries()) {
    database.run(
      'INSERT INTO probes (run, position, host, at, ok, service, name, detail, took_ms, asked_from) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
      run,
      index,
      host,
      probe.at,
      Number(probe.ok),
      probe.service,
      probe.name,
      probe.detail,
      Math.round(probe.tookMs),
      probe.from,
    );
  }
}

function insertNote(database: Database, run: number, position: number, { at, kind, host, message }: NoteRecord): void {
  database.run(
    'INSERT INTO notes (run, position, at, kind, host, message) VALUES (?, ?, ?, ?, ?, ?)',
    run,
    position,
    at,
    kind,
    host,
    message,
  );
}

function json(value: object | null): string | null {
  return value === null ? null : JSON.stringify(value);
}
