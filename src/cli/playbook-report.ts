/** Which report a run gets, and the plan that is shown before a question. */
import type { PlaybookFile } from '../playbook/find.ts';
import { checkLines } from '../report/host-text.ts';
import { createNdjsonReporter } from '../report/ndjson.ts';
import { createPlainReporter } from '../report/plain.ts';
import type { Reporter } from '../report/reporter.ts';
import type { RunView } from '../report/run-view.ts';
import { createTerminalReporter } from '../report/terminal.ts';
import { styleFor } from '../report/terminal-style.ts';
import { commandName } from './context.ts';
import type { PlaybookFlags } from './playbook-options.ts';

const writeOut = (text: string): void => {
  process.stdout.write(text);
};

/** NDJSON when asked for; a live display on a terminal; lines elsewhere, and where each step is wanted (-v). */
export function createReporter(
  file: PlaybookFile,
  flags: PlaybookFlags,
  showCommand: () => string | undefined,
): Reporter {
  return reporterFor({
    json: flags.json === true,
    diff: flags.diff === true || flags.check === true,
    verbose: flags.verbose,
    applyCommand: applyCommand(file.name, flags),
    showCommand,
  });
}

/** What a report needs to know of its command line. */
export interface ReporterChoice {
  readonly json: boolean;
  readonly diff: boolean;
  readonly verbose: number;
  /** The same command without --check, as the user may paste it. */
  readonly applyCommand: string;
  /** Shows this run again; undefined when the history has not got it. */
  readonly showCommand?: () => string | undefined;
}

export function reporterFor({ json, ...options }: ReporterChoice): Reporter {
  if (json) return createNdjsonReporter(writeOut, { diff: options.diff });
  const { env, stdout } = process;
  const isLive =
    stdout.isTTY === true && env['TERM'] !== 'dumb' && !env['CI'] && !env['NO_COLOR'] && options.verbose === 0;
  const create = isLive ? createTerminalReporter : createPlainReporter;
  return create(styleFor(stdout, env), { write: writeOut, ...options });
}

/** The same command without --check and --diff, as the user may paste it. */
export function applyCommand(playbook: string, flags: PlaybookFlags): string {
  const value = (name: string, text: string | undefined): readonly string[] =>
    text === undefined ? [] : [name, quoted(text)];
  return [
    commandName(),
    playbook,
    ...value('-i', flags.inventory),
    ...value('--limit', flags.limit),
    ...value('--tags', flags.tags?.join(',')),
    ...value('--skip-tags', flags.skipTags?.join(',')),
    ...(flags.extraVars ?? []).flatMap((text) => value('-e', text)),
    ...(flags.lab === true ? ['--lab'] : []),
    ...value('--lab-name', flags.labName),
  ].join(' ');
}

function quoted(text: string): string {
  return /^[\w@%+=:,./~^-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** Each host's changes, as --check shows them. */
export function planText(view: RunView): string {
  const style = styleFor(process.stderr, process.env);
  const hosts = [...view.hosts.values()].filter(({ plan, done }) => plan !== undefined && done === undefined);
  return `${checkLines(hosts, { style }).join('\n')}\n`;
}
