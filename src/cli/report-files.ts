/** `--report junit=FILE` and `--report markdown=FILE`: checked before anything is touched, written in one piece when the run is over. */
import { accessSync, constants, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { junitText } from '../report/junit.ts';
import { markdownText } from '../report/markdown.ts';
import { warningLines } from '../report/run-text.ts';
import { styleFor } from '../report/terminal-style.ts';
import type { RunRecord } from '../store/record.ts';
import { UsageError } from './errors.ts';

const FORMATS: Readonly<Record<string, (record: RunRecord) => string>> = { junit: junitText, markdown: markdownText };

export interface ReportFile {
  readonly format: string;
  /** Absolute. */
  readonly path: string;
}

/** Throws UsageError for a form that nobody knows, and for a file that could not be written at the end. */
export function parseReports(values: readonly string[]): readonly ReportFile[] {
  return values.map((value) => {
    const [, format = '', file = ''] = /^([a-z]+)=(.+)$/s.exec(value) ?? [];
    if (FORMATS[format] === undefined) {
      throw new UsageError(`--report ${value}: this is not junit=FILE or markdown=FILE`, {
        remedy: 'For instance: --report junit=report.xml --report markdown=report.md',
      });
    }
    const path = resolve(file);
    requireWritable(value, path);
    return { format, path };
  });
}

/** A report that cannot be written is said on stderr: the run is over, and its exit code is its own. */
export function writeReports(files: readonly ReportFile[], record: RunRecord): void {
  for (const { format, path } of files) {
    const temporary = `${path}.${process.pid}.tmp`;
    try {
      writeFileSync(temporary, FORMATS[format]?.(record) ?? '');
      renameSync(temporary, path);
    } catch (error) {
      rmSync(temporary, { force: true });
      const message = `the ${format} report could not be written: ${error instanceof Error ? error.message : String(error)}`;
      process.stderr.write(`${warningLines({ message }, styleFor(process.stderr, process.env)).join('\n')}\n`);
    }
  }
}

function requireWritable(value: string, path: string): void {
  try {
    accessSync(dirname(path), constants.W_OK);
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) throw new Error(`${path} is a folder`);
  } catch (error) {
    throw new UsageError(`--report ${value}: ${error instanceof Error ? error.message : String(error)}`, {
      remedy: 'Give a file in a folder that is there and may be written.',
      cause: error,
    });
  }
}
