/** What `run history` and its commands do: open the store, read, print. */
import { readFileSync } from 'node:fs';
import { EXIT, type ExitCode } from '../errors.ts';
import { historyDiffLines } from '../report/history-diff-text.ts';
import { showLines } from '../report/history-show-text.ts';
import { historyLines } from '../report/history-text.ts';
import type { HistoryTextOptions } from '../report/history-words.ts';
import { jsonLine } from '../report/ndjson.ts';
import { styleFor } from '../report/terminal-style.ts';
import { count } from '../report/words.ts';
import { openStore, type Store } from '../store/index.ts';
import type { RunRecord } from '../store/record.ts';
import { commandName, type Project } from './context.ts';
import type { HistoryFlags, PruneFlags, ShowFlags } from './history.ts';
import { momentOf } from './since.ts';

export async function runHistoryList(flags: HistoryFlags, project: Project): Promise<ExitCode> {
  const { host, playbook, since, failed, limit } = flags;
  return withStore(project, (store) => {
    const filter = {
      ...(host === undefined ? {} : { host }),
      ...(playbook === undefined ? {} : { playbook }),
      ...(since === undefined ? {} : { since: momentOf(since, new Date(), '--since') }),
      ...(failed === undefined ? {} : { failed }),
    };
    const found = store.runs({ ...filter, ...(limit === 0 ? {} : { limit: limit + 1 }) });
    const runs = limit === 0 ? found : found.slice(0, limit);
    if (flags.json === true) {
      process.stdout.write(jsonLine({ runs }));
      return;
    }
    print(
      historyLines(runs, {
        ...textOptions(),
        isCut: runs.length < found.length,
        isFiltered: Object.keys(filter).length > 0,
      }),
    );
  });
}

export async function runHistoryShow(id: string, flags: ShowFlags, project: Project): Promise<ExitCode> {
  return withStore(project, (store) => {
    const run = store.run(id);
    if (flags.json === true) process.stdout.write(jsonLine(run));
    else print(showLines(run, { ...textOptions(), verbose: flags.verbose === true }));
  });
}

export async function runHistoryDiff(one: string, two: string, project: Project): Promise<ExitCode> {
  return withStore(project, (store) => print(historyDiffLines(store.run(one), store.run(two), textOptions())));
}

export async function runHistoryPrune({ olderThan, keep }: PruneFlags, project: Project): Promise<ExitCode> {
  return withStore(project, (store) => {
    const gone = store.prune({ before: momentOf(olderThan, new Date(), '--older-than'), keepAtLeast: keep });
    print([`${count(gone, 'run')} taken out of the history.`]);
  });
}

async function withStore(project: Project, work: (store: Store) => void): Promise<ExitCode> {
  const store = await openStore(project.dir);
  try {
    work(store);
    return EXIT.ok;
  } finally {
    store.close();
  }
}

function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}

function textOptions(): HistoryTextOptions {
  return {
    style: styleFor(process.stdout, process.env),
    isAlive,
    commandLine: (words) => `${commandName()} ${words}`,
  };
}

/** Signal 0 only asks. A process of an earlier boot is gone, whoever has its number now; that of another user lives (EPERM). */
function isAlive({ process: mark }: Pick<RunRecord, 'process'>): boolean {
  if (mark === null || (mark.boot !== '' && mark.boot !== thisBoot())) return false;
  try {
    return process.kill(mark.pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function thisBoot(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}
