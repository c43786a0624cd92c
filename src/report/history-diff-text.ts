/** `run history diff A B`: in what two runs differ, and nothing else. Pure. */
import type { HostRecord, RunRecord } from '../store/record.ts';
import { commitWords, type HistoryTextOptions, outcomeWords } from './history-words.ts';
import { printable } from './sanitize.ts';
import { duration, localMinute, resourceLabel } from './words.ts';

export function historyDiffLines(one: RunRecord, two: RunRecord, options: HistoryTextOptions): readonly string[] {
  const { style } = options;
  const title = (run: RunRecord): string =>
    `${style.paint('bold', `${printable(run.command)} ${printable(run.id)}`)}  ${localMinute(run.startedAt)}  ${outcomeWords(run, options)}`;
  const lines = [...headDifferences(one, two), ...hostDifferences(one, two)];
  return [
    `- ${title(one)}`,
    `+ ${title(two)}`,
    ...(lines.length === 0 ? ['Nothing else differs.'] : lines.map((line) => painted(line, options))),
  ];
}

function painted(line: string, { style }: HistoryTextOptions): string {
  if (line.startsWith('  - ')) return style.paint('red', line);
  return line.startsWith('  + ') ? style.paint('green', line) : line;
}

function headDifferences(one: RunRecord, two: RunRecord): readonly string[] {
  return [
    ...difference('by', printable(one.owner), printable(two.owner)),
    ...difference('from', commitWords(one.commit), commitWords(two.commit)),
    ...difference('version', printable(one.version), printable(two.version)),
    ...difference('words', one.args.map(printable).join(' '), two.args.map(printable).join(' ')),
    ...difference('inventory', printable(one.inventory), printable(two.inventory)),
    ...difference('lab', printable(one.lab ?? ''), printable(two.lab ?? '')),
    ...difference('exit', String(one.exit ?? ''), String(two.exit ?? '')),
    ...difference('error', printable(one.error?.message ?? ''), printable(two.error?.message ?? '')),
  ];
}

function difference(name: string, before: string, after: string): readonly string[] {
  return before === after ? [] : [`${name}: ${before || '–'} → ${after || '–'}`];
}

function hostDifferences(one: RunRecord, two: RunRecord): readonly string[] {
  const names = [...new Set([...one.hosts, ...two.hosts].map(({ host }) => host))];
  return names.flatMap((name) => {
    const before = one.hosts.find(({ host }) => host === name);
    const after = two.hosts.find(({ host }) => host === name);
    const lines = [
      ...setDifference(changesOf(before), changesOf(after)),
      ...setDifference(failuresOf(before), failuresOf(after)),
    ];
    const status = [before, after].map((host) => (host === undefined ? 'not in this run' : stateOf(host)));
    if (lines.length === 0 && before?.status === after?.status) return [];
    return [`${printable(name)}: ${status[0] === status[1] ? status[0] : status.join(' → ')}`, ...lines];
  });
}

function stateOf({ status, tookMs }: HostRecord): string {
  return `${status}${tookMs === null ? '' : ` in ${duration(tookMs)}`}`;
}

/** Each change with its lines: the same change of other lines is another one. */
function changesOf(host: HostRecord | undefined): readonly string[] {
  return (host?.changes ?? []).map(({ resource, action, detail = '', diff = [] }) =>
    [
      `${action} ${resourceLabel(resource)}${detail === '' ? '' : `, ${printable(detail)}`}`,
      ...diff.map((line) => `    ${printable(line)}`),
    ].join('\n'),
  );
}

function failuresOf(host: HostRecord | undefined): readonly string[] {
  const failed = (host?.probes ?? []).filter(({ ok }) => !ok);
  return failed.map(({ service, name, detail }) => `${printable(service)}  ${printable(name)}   ${printable(detail)}`);
}

function setDifference(before: readonly string[], after: readonly string[]): readonly string[] {
  const signed = (sign: string, entry: string): readonly string[] => {
    const [first = '', ...rest] = entry.split('\n');
    return [`  ${sign} ${first}`, ...rest];
  };
  return [
    ...before.filter((entry) => !after.includes(entry)).flatMap((entry) => signed('-', entry)),
    ...after.filter((entry) => !before.includes(entry)).flatMap((entry) => signed('+', entry)),
  ];
}
