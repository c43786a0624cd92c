/** A run as GitHub-flavoured Markdown, for a merge request or a CI step's summary. Pure. */
import type { AvailabilityFigure, ChangeReport } from '../engine/events.ts';
import type { HostRecord, RunRecord } from '../store/record.ts';
import { printable, printableLines } from './sanitize.ts';
import { askedAgainText, count, duration, grouped, resourceLabel } from './words.ts';

/** GitHub takes a summary of 1 MiB; what is longer is cut, and says so. */
const LENGTH_MAX = 900_000;

export function markdownText(record: RunRecord): string {
  const lines = [
    `### ${title(record)}`,
    '',
    `${subtitle(record)}`,
    '',
    ...errorLines(record.error),
    ...hostTable(record.hosts),
    ...availabilityLines(record),
    ...warningLines(record),
    ...record.hosts.flatMap(hostDetails),
  ];
  const text = `${lines
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trimEnd()}\n`;
  return text.length <= LENGTH_MAX ? text : cutAtBlock(text);
}

/** They say what to do, not how a host should be. */
const ORDERS: ReadonlySet<string> = new Set(['exec', 'copy', 'fetch']);

const MARKS: Readonly<Record<RunRecord['outcome'], string>> = {
  running: '…',
  ok: '✔',
  changed: '✔',
  reverted: '↺',
  failed: '✖',
  unknown: '✖',
  unreachable: '✖',
  locked: '✖',
  interrupted: '✖',
  rejected: '✖',
};

function title({ command, outcome, check, lab, exit }: RunRecord): string {
  const well = ORDERS.has(command) ? 'done' : 'as described';
  const what = check && outcome === 'changed' ? 'would change' : outcome === 'ok' ? well : outcome;
  const where = lab === null ? '' : ' in the lab';
  return `${MARKS[outcome]} ${code(command)} ${what}${where}${exit === 0 ? '' : ` (exit ${exit})`}`;
}

function subtitle({ id, command, args, owner, commit, durationMs, startedAt, schedule }: RunRecord): string {
  const parts = [
    ...(ORDERS.has(command) ? [code(`run ${args.join(' ')}`)] : []),
    `run ${code(id)}`,
    `${startedAt.slice(0, 16).replace('T', ' ')} UTC by ${code(owner)}`,
    ...(schedule === null ? [] : [`schedule ${code(schedule)}`]),
    ...(commit.ref === null
      ? []
      : [`from ${code(commit.ref)}${commit.dirty === true ? ' with uncommitted changes' : ''}`]),
    ...(durationMs === null ? [] : [duration(durationMs)]),
  ];
  return parts.join(' · ');
}

function errorLines(error: RunRecord['error']): readonly string[] {
  if (error === null) return [];
  const where = error.file === undefined ? '' : `${error.file}${error.line === undefined ? '' : `:${error.line}`}: `;
  return [...block([`${where}${error.message}`, ...error.detail.map((line) => `  ${line}`), error.remedy]), ''];
}

function hostTable(hosts: readonly HostRecord[]): readonly string[] {
  if (hosts.length === 0) return [];
  return [
    '| host | | what | time |',
    '| --- | --- | --- | ---: |',
    ...hosts.map(
      (host) =>
        `| ${code(host.host)} | ${host.status} | ${inShort(host)} | ${host.tookMs === null ? '' : duration(host.tookMs)} |`,
    ),
    '',
  ];
}

const NAMED_MAX = 3;

function inShort({ error, changes, message }: HostRecord): string {
  if (error !== null) return code(printableLines(error.message)[0] ?? '');
  if (changes.length === 0) return message === null ? '' : code(message);
  const named = changes
    .slice(0, NAMED_MAX)
    .map(({ resource, detail }) => code([resourceLabel(resource), detail ?? ''].join(' ').trim()));
  return [...named, ...(changes.length > NAMED_MAX ? [`${changes.length - NAMED_MAX} more`] : [])].join(', ');
}

function availabilityLines({ availability }: RunRecord): readonly string[] {
  const figures = Object.entries(availability ?? {});
  if (figures.length === 0) return [];
  const row = (service: string, name: string, figure: AvailabilityFigure): string =>
    `| ${code(service)} | ${code(name)} | ${grouped(figure.answered)}/${grouped(figure.asked)}${askedAgainText(figure)} | ${grouped(figure.longestGapMs)} ms |`;
  return [
    'While we worked:',
    '',
    '| service | of | answered | longest gap |',
    '| --- | --- | ---: | ---: |',
    ...figures.flatMap(([service, all]) => Object.entries(all).map(([name, figure]) => row(service, name, figure))),
    '',
  ];
}

const WARNINGS_MAX = 20;

function warningLines({ notes }: RunRecord): readonly string[] {
  const warnings = notes.filter(({ kind }) => kind === 'warning');
  if (warnings.length === 0) return [];
  const more = warnings.length > WARNINGS_MAX ? [`- … and ${warnings.length - WARNINGS_MAX} more`] : [];
  return [...warnings.slice(0, WARNINGS_MAX).map(({ message }) => `- ⚠ ${code(message)}`), ...more, ''];
}

/** What failed is open, what changed can be opened. */
function hostDetails(host: HostRecord): readonly string[] {
  const { error, probes, changes } = host;
  const failed = probes.filter(({ ok }) => !ok);
  const explanation =
    error === null
      ? []
      : [
          ...printableLines(error.message),
          ...error.detail.flatMap(printableLines).map((line) => `  ${line}`),
          ...printableLines(error.remedy),
        ];
  const asked = failed.map(({ service, name, detail }) => `${service}  ${name}   ${detail}`);
  // An error quotes the probes that failed.
  const lines = [...explanation, ...asked.filter((line) => !explanation.some((one) => one.includes(line)))];
  const diffs = changes.filter(({ diff }) => diff !== undefined && diff.length > 0);
  return [
    ...(lines.length === 0 ? [] : [`**${code(host.host)}**`, '', ...block(lines), '']),
    ...(diffs.length === 0
      ? []
      : [
          `<details><summary>${code(host.host)}: ${count(changes.length, 'change')}</summary>`,
          '',
          ...diffs.flatMap((change) => [
            code(resourceLabel(change.resource)),
            '',
            ...block(diffLines(change), 'diff'),
            '',
          ]),
          '</details>',
          '',
        ]),
  ];
}

/** Ours begin with a sign and a space; `diff` colours what begins with the sign. */
function diffLines({ diff = [] }: ChangeReport): readonly string[] {
  return diff.map((line) => (line.startsWith('~ ') ? `! ${line.slice(2)}` : line));
}

/** A fence that is longer than any in the text: nothing in it can end it. */
function block(lines: readonly string[], language = ''): readonly string[] {
  const safe = lines.flatMap(printableLines);
  const longest = Math.max(2, ...safe.flatMap((line) => (line.match(/`+/g) ?? []).map(({ length }) => length)));
  const fence = '`'.repeat(longest + 1);
  return [`${fence}${language}`, ...safe, fence];
}

/** As code in HTML, every sign that Markdown, HTML or a table knows as an entity: it shows as it is, links nothing and mentions nobody. */
function code(text: string): string {
  const safe = printable(text.replace(/\r?\n/g, ' '))
    .replace(/[^\p{L}\p{N} .,:/+=–→✔✖·…-]/gu, (sign) => `&#${sign.codePointAt(0)};`)
    .replaceAll('://', '&#58;//') // else GitHub makes links
    .replace(/(www)\./gi, '$1&#46;');
  return `<code>${safe}</code>`;
}

/** Between lines, and with every fence and fold closed. */
function cutAtBlock(text: string): string {
  const kept = text.slice(0, text.lastIndexOf('\n', LENGTH_MAX));
  const open = /^(`{3,})/.exec(lastFence(kept) ?? '')?.[1];
  const isFolded = kept.lastIndexOf('<details>') > kept.lastIndexOf('</details>');
  return [
    kept,
    ...(open === undefined ? [] : [open]),
    '',
    ...(isFolded ? ['</details>'] : []),
    '',
    '*Cut here: the whole is in the history.*',
    '',
  ].join('\n');
}

/** The fence that is still open at the end. */
function lastFence(text: string): string | undefined {
  let open: string | undefined;
  for (const line of text.split('\n')) {
    const fence = /^(`{3,})/.exec(line)?.[1];
    if (fence === undefined) continue;
    if (open === undefined) open = fence;
    else if (line === open) open = undefined;
  }
  return open;
}
