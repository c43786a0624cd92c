/** `run status` as people read it: the table, the answer in one line, then what needs somebody, each with what to do. Pure. */
import { type FleetStatus, fleetVerdict, type HostStatusReport } from '../engine/fleet.ts';
import { endingCommand, slotNoun } from '../engine/locked.ts';
import { EXIT, type ExitCode } from '../errors.ts';
import { printable, printableLines } from './sanitize.ts';
import { type Activity, activityWords } from './status-activity.ts';
import { changeCell, noteCell, osCell, secondsLeft, serviceCell } from './status-cells.ts';
import { driftLines } from './status-drift-text.ts';
import { osLines } from './status-os-text.ts';
import { type Mark, paragraph, type Style, spread, symbol } from './style.ts';
import { tableOrBlocks } from './table.ts';
import { localMinute, names } from './words.ts';

export interface StatusTextOptions {
  readonly style: Style;
  readonly exit: ExitCode;
  /** What ran last and what runs next, by themselves or by somebody. */
  readonly activity?: Activity;
  /** Lines of hand edits, and what is not applied yet. */
  readonly drift: boolean;
  /** Deployments, updater and guard instead of services and changes. */
  readonly os?: boolean;
  /** `unlock ns1` → `./run unlock ns1 --lab`: as the user may paste it to mean the same hosts. */
  readonly commandLine: (words: string) => string;
}

export function statusLines(status: FleetStatus, options: StatusTextOptions): readonly string[] {
  const { style } = options;
  return [
    ...(options.os === true ? osLines(status, style) : fleetLines(status, style)),
    ...verdictLines(status, options),
    ...attentionLines(status, options),
    ...(options.drift ? driftLines(status.hosts, options) : []),
  ];
}

function fleetLines({ hosts, services }: FleetStatus, style: Style): readonly string[] {
  const heads = ['HOST', 'OS', ...services.map((service) => service.toUpperCase()), 'CHANGE', 'NOTES'];
  const rows = hosts.map((host) => [
    style.paint('bold', host.name),
    osCell(host, style),
    ...services.map((service) => serviceCell(host.services[service], style)),
    changeCell(host, style),
    noteCell(host, style),
  ]);
  return tableOrBlocks(heads, rows, style);
}

/** `2 of 2 serve everything · no locks` */
function verdictLines(status: FleetStatus, { style, exit, activity = {} }: StatusTextOptions): readonly string[] {
  const { serving, failing, unreached, isIdle } = fleetVerdict(status);
  const { hosts } = status;
  const locked = hosts.filter(({ lease, changeSet }) => lease !== null || changeSet !== null).map(({ name }) => name);
  const parts = [
    isIdle && unreached.length < hosts.length
      ? 'nothing is in service yet'
      : `${serving.length} of ${hosts.length} ${serving.length === 1 ? 'serves' : 'serve'} everything`,
    ...failing.map(({ host, services }) => `${host} fails: ${services.join(', ')}`).slice(0, 4),
    ...(unreached.length === 0 ? [] : [`${names(unreached)} unreachable`]),
    locked.length === 0 ? 'no locks' : `locked: ${names(locked)}`,
    ...activityWords(activity, style),
  ];
  return [spread(style, parts.join(' · '), exit === EXIT.ok ? '' : style.paint('dim', `exit ${exit}`)).trimEnd()];
}

interface Attention {
  readonly mark: Mark;
  readonly text: string;
  readonly detail?: readonly string[];
  readonly remedy?: string;
}

function attentionLines(status: FleetStatus, options: StatusTextOptions): readonly string[] {
  const { style } = options;
  const all: readonly Attention[] = [
    ...status.hosts.flatMap((host) => attentionOf(host, options)),
    ...status.problems.map(
      ({ message, detail, remedy }): Attention => ({
        mark: 'failed',
        text: printableLines(message)[0] ?? '',
        detail: [...printableLines(message).slice(1), ...detail],
        remedy,
      }),
    ),
    ...status.notes.map((text): Attention => ({ mark: 'warning', text })),
  ];
  if (all.length === 0) return [];
  return ['', ...all.flatMap((one) => lines(one, style))];
}

function lines({ mark, text, detail = [], remedy }: Attention, style: Style): readonly string[] {
  const sign = style.paint(mark === 'failed' ? 'red' : 'yellow', symbol(style, mark));
  const [first = '', ...rest] = paragraph(style, '  ', printable(text));
  return [
    `${sign} ${first.trimStart()}`,
    ...rest,
    ...detail.map((line) => `    ${printable(line)}`),
    ...(remedy === undefined ? [] : printableLines(remedy).flatMap((line) => paragraph(style, '  ', line))),
  ];
}

function attentionOf(host: HostStatusReport, options: StatusTextOptions): readonly Attention[] {
  const { name, error } = host;
  const { commandLine } = options;
  if (error !== null)
    return [{ mark: 'failed', text: withName(name, error.message), detail: error.detail, remedy: error.remedy }];
  return [
    ...Object.entries(host.services).flatMap(([service, state]) => failing(host, service, state, options)),
    ...changeSetOf(host, options),
    ...leaseOf(host, options),
    ...revertedOf(host),
    ...(host.drift.length === 0 || options.drift
      ? []
      : [
          {
            mark: 'warning' as const,
            text: `${name}  changed by hand: ${host.drift
              .map(({ path }) => path)
              .slice(0, 4)
              .join(', ')}${host.drift.length > 4 ? ', …' : ''}`,
            remedy: `What exactly: ${commandLine(`status ${name} --drift`)}`,
          },
        ]),
    ...Object.entries(host.services).flatMap(([service, { warnings }]) =>
      warnings.map((warning): Attention => ({ mark: 'warning', text: `${name}  ${service}: ${warning}` })),
    ),
  ];
}

function withName(name: string, message: string): string {
  const text = printableLines(message)[0] ?? '';
  return text.includes(name) ? text : `${name}: ${text}`;
}

const FAILED_SHOWN = 4;

function failing(
  { name }: HostStatusReport,
  service: string,
  { state, failed, deployed, playbook }: HostStatusReport['services'][string],
  { commandLine }: StatusTextOptions,
): readonly Attention[] {
  if (state !== 'fails') return [];
  const more = failed.length > FAILED_SHOWN ? [`… and ${failed.length - FAILED_SHOWN} more`] : [];
  return [
    {
      mark: 'failed',
      text: deployed
        ? `${name} does not serve ${service}:`
        : `${name} does not serve ${service}, which is not deployed there:`,
      detail: [...failed.slice(0, FAILED_SHOWN).map((probe) => `${probe.name}   ${probe.detail}`), ...more],
      remedy: `Bring it to what is described: ${commandLine(`${playbook} --limit ${name}`)}`,
    },
  ];
}

function changeSetOf({ name, changeSet }: HostStatusReport, { commandLine }: StatusTextOptions): readonly Attention[] {
  if (changeSet === null) return [];
  const { id, owner, run, state, reason, deadlineInSec, kind } = changeSet;
  const what = `${name}  ${slotNoun(changeSet)} ${id} of ${owner} (run ${run}) is ${state}`;
  if (state === 'failed')
    return [
      {
        mark: 'failed',
        text: `${what}${reason === undefined ? '' : `: ${reason}`}`,
        remedy: `Look at the host (docs/recovery.md), then put it aside: ${commandLine(`unlock ${name}`)}`,
      },
    ];
  if (state === 'reverting')
    return [
      {
        mark: 'warning',
        text: `${what}${reason === undefined ? '' : ` (${reason})`}: the host is ${kind === 'os' ? 'going back to the release that it had' : 'putting its old files back, and tries until it succeeds'}`,
        remedy: 'If it stays so for minutes: sudo journalctl -u coreos-infra-guard on the host.',
      },
    ];
  const ends = kind === 'os' ? 'end' : 'revert';
  const until =
    deadlineInSec === undefined
      ? `the guard ${ends}s it when its time is over`
      : deadlineInSec <= 0
        ? `the guard is about to ${ends} it`
        : `the guard ${ends}s it in ${secondsLeft(deadlineInSec)}`;
  const end = `it need not be waited for: ${commandLine(endingCommand(name, changeSet))}`;
  const goOn = kind === 'os' ? `it can be taken up: ${commandLine('upgrade --resume')}; or ` : '';
  return [
    {
      mark: 'warning',
      text: `${what} and not confirmed: ${until}`,
      remedy: `If its run is dead, ${goOn}${end}`,
    },
  ];
}

function leaseOf({ name, lease }: HostStatusReport, { commandLine }: StatusTextOptions): readonly Attention[] {
  if (lease === null) return [];
  const { owner, run, purpose, heldForSec, expiresInSec } = lease;
  return [
    {
      mark: 'warning',
      text: `${name}  locked by ${owner} (run ${run}: ${purpose}) for ${secondsLeft(heldForSec)}, ${secondsLeft(expiresInSec)} more unless renewed`,
      remedy: `The lock of a dead run goes by itself in that time; at once: ${commandLine(`unlock ${name}`)}`,
    },
  ];
}

function revertedOf({ name, reverted }: HostStatusReport): readonly Attention[] {
  if (reverted === null) return [];
  const { owner, run, at, reason, kind } = reverted;
  const why = reason === '' ? '' : `: ${reason}`;
  const when = localMinute(new Date(at).toISOString());
  const what = kind === 'os' ? 'OS upgrade' : 'change';
  return [{ mark: 'reverted', text: `${name}  the last ${what}, of ${owner} (run ${run}), went back ${when}${why}` }];
}
