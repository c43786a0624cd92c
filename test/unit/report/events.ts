/** Event streams of runs as the engine tells them, for tests of what people see. */
import type { ChangeReport, EngineEvent, ErrorReport, HostStatus, Summary } from '../../../src/engine/events.ts';
import type { ExitCode } from '../../../src/errors.ts';
import { createPlainReporter } from '../../../src/report/plain.ts';
import type { TextReportOptions } from '../../../src/report/reporter.ts';
import { createStream } from '../../../src/report/stream.ts';
import { createStyle } from '../../../src/report/style.ts';

export const ZONE_CHANGES: readonly ChangeReport[] = [
  {
    resource: 'zone:example.com',
    action: 'update',
    detail: 'serial 2026112001 → 2026112002 (+1 ~1)',
    diff: ['+ printer      A      192.0.2.60', '~ www          A      192.0.2.10 → 192.0.2.11'],
  },
  { resource: 'unit:coredns.service', action: 'reload', detail: 'zone:example.com' },
];

export interface FakeHost {
  readonly status: HostStatus;
  readonly tookMs?: number;
  readonly changes?: readonly ChangeReport[];
  readonly error?: ErrorReport;
  readonly message?: string;
  readonly resources?: number;
}

export interface FakeRun {
  readonly hosts: Readonly<Record<string, FakeHost>>;
  readonly check?: boolean;
  readonly before?: readonly EngineEvent[];
  readonly availability?: NonNullable<Summary['availability']>;
  readonly durationMs?: number;
}

export function eventsOf({
  hosts,
  check = false,
  before = [],
  availability,
  durationMs = 3_100,
}: FakeRun): readonly EngineEvent[] {
  const names = Object.keys(hosts);
  const perHost = Object.entries(hosts).flatMap(([host, fake]): EngineEvent[] => {
    const { status, tookMs = 1_300, changes = [], error, message, resources = 11 } = fake;
    if (status === 'unreachable')
      return [{ event: 'host-done', host, status, tookMs, resources, changes, error: error ?? null }];
    return [
      { event: 'host-observed', host, resources, tookMs: 180 },
      ...(changes.length > 0 ? [{ event: 'host-plan' as const, host, changes, resources }] : []),
      {
        event: 'host-done',
        host,
        status,
        tookMs,
        resources,
        changes,
        error: error ?? null,
        ...(message === undefined ? {} : { message }),
      },
    ];
  });
  const summary: Summary = {
    event: 'summary',
    playbook: 'deploy-dns',
    check,
    status: 'ok',
    durationMs,
    hosts: Object.fromEntries(
      Object.entries(hosts).map(([name, { status, changes = [], error }]) => [
        name,
        { status, changes, error: error ?? null },
      ]),
    ),
    ...(availability === undefined ? {} : { availability }),
  };
  return [
    { event: 'run-started', playbook: 'deploy-dns', check, pattern: 'dns', hosts: names, commit: 'main@1c0f71d' },
    { event: 'play-started', pattern: 'dns', hosts: names, roles: ['coredns'] },
    ...before,
    ...perHost,
    summary,
  ];
}

/** What the plain report of a run prints. */
export async function plainText(
  run: FakeRun,
  exit: ExitCode,
  options: Partial<TextReportOptions> & { readonly columns?: number; readonly unicode?: boolean } = {},
): Promise<string> {
  let text = '';
  const style = createStyle({ colour: false, columns: options.columns ?? 100, unicode: options.unicode ?? true });
  const write = (part: string): void => {
    text += part;
  };
  const reporter = createPlainReporter(style, {
    write,
    diff: false,
    verbose: 0,
    applyCommand: 'run deploy-dns --limit ns1',
    ...options,
  });
  const stream = createStream('7f3a', [reporter], () => new Date('2026-11-20T14:02:11Z'));
  for (const event of eventsOf(run)) stream.emit(event);
  await stream.close(exit);
  return text;
}
