/** How a command ends that throws: the error on stderr, and the exit code. */
import { relative } from 'node:path';
import { errorReport } from '../engine/error-report.ts';
import { EXIT, type ExitCode, InfraError } from '../errors.ts';
import { errorText } from '../report/error-text.ts';
import { readSourceLines } from '../report/source-lines.ts';
import { spread } from '../report/style.ts';
import { styleFor } from '../report/terminal-style.ts';

/** For commands other than playbooks: prints the error and returns the exit code. */
export function reportFailure(error: unknown): ExitCode {
  const code = error instanceof InfraError ? error.exitCode : EXIT.usage;
  printFailure(error, code);
  return code;
}

/** On stderr: what, where, the lines it is about, what to do next, whether any host was touched, and the exit code. */
export function printFailure(error: unknown, code: ExitCode, isUntouched = code === EXIT.usage): void {
  const report = errorReport(error);
  const style = styleFor(process.stderr, process.env);
  // Said once, in the last line.
  const remedy = report.remedy.replace(/\s*No host was touched\.$/, '');
  const source = readSourceLines(report.file, report.line);
  const lines = errorText({ error: { ...report, remedy }, style, source, shorten });
  const verdict = isUntouched ? 'No host was touched.' : '';
  process.stderr.write(`${[...lines, spread(style, verdict, style.paint('dim', `exit ${code}`))].join('\n')}\n`);
}

/** Relative to the current folder when that is shorter. */
export function shorten(path: string): string {
  const short = relative(process.cwd(), path);
  return short.length < path.length && !short.startsWith('../..') ? short : path;
}
