/** A run as JUnit XML, as CI systems read it: a suite for each host, a case for the host itself and one for each thing that was asked. Pure. */
import type { ErrorReport } from '../engine/events.ts';
import type { HostRecord, ProbeRecord, RunRecord } from '../store/record.ts';
import { printable } from './sanitize.ts';
import { resourceLabel } from './words.ts';

interface Case {
  readonly name: string;
  readonly className: string;
  readonly seconds: number;
  readonly verdict?: {
    readonly kind: 'failure' | 'error' | 'skipped';
    readonly type: string;
    readonly message: string;
    readonly text: string;
  };
  readonly output?: string;
}

interface Suite {
  readonly name: string;
  readonly cases: readonly Case[];
  readonly seconds: number;
}

export function junitText(record: RunRecord): string {
  const suites = [...runSuite(record), ...record.hosts.map((host) => hostSuite(record, host))];
  const all = suites.flatMap(({ cases }) => cases);
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({ name: record.command, ...totals(all), time: seconds((record.durationMs ?? 0) / 1000) })}>`,
    ...suites.flatMap((suite) => suiteLines(suite, record)),
    '</testsuites>',
  ];
  return `${lines.join('\n')}\n`;
}

/** A run that never came to its hosts has one case all the same: an empty report would look like a success. */
function runSuite({ command, error, outcome, exit, durationMs, hosts }: RunRecord): readonly Suite[] {
  if (error === null && hosts.length > 0) return [];
  const time = (durationMs ?? 0) / 1000;
  const failed: Case = {
    name: command,
    className: command,
    seconds: time,
    ...(error !== null
      ? { verdict: verdictOf('error', error) }
      : exit === 0
        ? {}
        : { verdict: { kind: 'error' as const, type: outcome, message: `exit ${exit}`, text: '' } }),
  };
  return [{ name: 'run', cases: [failed], seconds: time }];
}

/** They say what to do, not how a host should be. */
const ORDERS: ReadonlySet<string> = new Set(['exec', 'copy', 'fetch']);

function hostSuite({ command }: RunRecord, host: HostRecord): Suite {
  const className = `${command}.${host.host}`;
  const isOrder = ORDERS.has(command);
  const time = (host.tookMs ?? 0) / 1000;
  const whole: Case = {
    name: isOrder ? command : 'as described',
    className,
    seconds: time,
    ...hostVerdict(host),
    output: isOrder ? (host.message ?? '') : changesText(host),
  };
  return {
    name: host.host,
    cases: [whole, ...latest(host.probes).map((probe) => probeCase(className, probe))],
    seconds: time,
  };
}

/** Of a question that was answered both ways, the later answer: after a revert it serves again, and the host's case says why. */
function latest(probes: readonly ProbeRecord[]): readonly ProbeRecord[] {
  const byName = new Map<string, ProbeRecord>();
  for (const probe of probes) {
    const key = `${probe.service} ${probe.name}`;
    const known = byName.get(key);
    if (known === undefined || known.at <= probe.at) byName.set(key, probe);
  }
  return [...byName.values()];
}

function probeCase(className: string, { service, name, ok, detail, tookMs }: ProbeRecord): Case {
  return {
    name: `${service} ${name}`,
    className,
    seconds: tookMs / 1000,
    ...(ok
      ? {}
      : { verdict: { kind: 'failure', type: 'probe', message: detail, text: `${service}  ${name}   ${detail}` } }),
  };
}

function hostVerdict({ status, error, message }: HostRecord): Pick<Case, 'verdict'> {
  switch (status) {
    case 'ok':
    case 'changed':
      return {};
    case 'skipped':
      return {
        verdict: { kind: 'skipped', type: 'skipped', message: error?.message ?? message ?? 'not touched', text: '' },
      };
    case 'reverted':
    case 'failed':
    case 'refused':
    case 'timeout':
      return { verdict: verdictOf('failure', error, `${status}${message === null ? '' : `: ${message}`}`) };
    case 'unreachable':
    case 'locked':
    case 'unknown':
    case 'interrupted':
    case 'running':
      return { verdict: verdictOf('error', error, status) };
  }
}

function verdictOf(kind: 'failure' | 'error', error: ErrorReport | null, otherwise = ''): NonNullable<Case['verdict']> {
  if (error === null) return { kind, type: otherwise.split(':')[0] ?? '', message: otherwise, text: '' };
  const text = [error.message, ...error.detail.map((line) => `  ${line}`), error.remedy].join('\n');
  return { kind, type: error.code, message: error.message.split('\n')[0] ?? '', text };
}

function changesText({ changes }: HostRecord): string {
  return changes
    .flatMap(({ resource, action, detail, diff = [] }) => [
      [resourceLabel(resource), action, detail ?? ''].filter(Boolean).join(' '),
      ...diff.map((line) => `  ${line}`),
    ])
    .join('\n');
}

function suiteLines({ name, cases, seconds: time }: Suite, { startedAt }: RunRecord): readonly string[] {
  const timestamp = startedAt.replace(/\.\d+Z$/, '');
  return [
    `  <testsuite${attributes({ name, ...totals(cases), time: seconds(time), timestamp, hostname: name })}>`,
    ...cases.flatMap(caseLines),
    '  </testsuite>',
  ];
}

function caseLines({ name, className, seconds: time, verdict, output = '' }: Case): readonly string[] {
  const open = `    <testcase${attributes({ name, classname: className, time: seconds(time) })}`;
  const inner = [
    ...(verdict === undefined ? [] : [verdictLine(verdict)]),
    ...(output === '' ? [] : [`      <system-out>${xmlText(output)}</system-out>`]),
  ];
  return inner.length === 0 ? [`${open}/>`] : [`${open}>`, ...inner, '    </testcase>'];
}

function verdictLine({ kind, type, message, text }: NonNullable<Case['verdict']>): string {
  if (kind === 'skipped') return `      <skipped${attributes({ message })}/>`;
  return `      <${kind}${attributes({ message, type })}>${xmlText(text)}</${kind}>`;
}

function totals(cases: readonly Case[]): Readonly<Record<string, string>> {
  const of = (kind: string): string => String(cases.filter(({ verdict }) => verdict?.kind === kind).length);
  return { tests: String(cases.length), failures: of('failure'), errors: of('error'), skipped: of('skipped') };
}

const seconds = (value: number): string => value.toFixed(3);

function attributes(values: Readonly<Record<string, string>>): string {
  return (
    Object.entries(values)
      // As it stands, a line break in an attribute is read as a space.
      .map(([name, value]) => ` ${name}="${xmlText(value).replaceAll('\n', '&#10;')}"`)
      .join('')
  );
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};
/** What XML 1.0 has no way to write, not even as an entity, beside the controls that printable() takes out. */
const NOT_XML = /[\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

function xmlText(text: string): string {
  return text
    .split(/\r?\n/)
    .map((line) =>
      printable(line)
        .replace(NOT_XML, '\ufffd')
        .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? ''),
    )
    .join('\n');
}
