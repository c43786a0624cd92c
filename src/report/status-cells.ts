/** The cells of `run status`: one service, one change set, the notes of one host, each in a few words. Pure. */
import { type DriftedPath, type HostStatusReport, mayZincatiUpdate, type ServiceState } from '../engine/fleet.ts';
import { printable } from './sanitize.ts';
import { type Style, symbol } from './style.ts';
import { count, duration, localMinute } from './words.ts';

/** What stands where nothing is to be said. */
export function nothing(style: Style): string {
  return style.unicode ? '–' : '-';
}

/** `3 zones`, `+0.2 ms  s3`, `✖ 1 of 3 zones`; – when it is not in service, or the host has no such service. */
export function serviceCell(service: ServiceState | undefined, style: Style): string {
  if (service === undefined || service.state === 'not-in-service') return nothing(style);
  if (service.state === 'unknown') return '?';
  if (service.state === 'fails') return style.paint('red', `${symbol(style, 'failed')} ${failureOf(service)}`);
  const text = answerOf(service, style);
  return service.warnings.length === 0 ? text : style.paint('yellow', `${text} ${symbol(style, 'warning')}`);
}

function answerOf({ zones, time }: ServiceState, style: Style): string {
  if (zones !== undefined) return count(zones.asked, 'zone');
  if (time !== undefined) return `${signed(time.offsetMs, style)} ms  s${time.stratum}`;
  return 'serves';
}

function failureOf({ zones, failed }: ServiceState): string {
  if (zones !== undefined && zones.answering > 0) return `${zones.answering} of ${count(zones.asked, 'zone')}`;
  return failed.every(({ detail }) => /^no answer|^nothing listens|^silent|refused/.test(detail))
    ? 'no answer'
    : 'fails';
}

function signed(ms: number, style: Style): string {
  const digits = Math.abs(ms).toFixed(Math.abs(ms) < 10 ? 1 : 0);
  return `${ms >= 0 ? '+' : style.unicode ? '−' : '-'}${digits}`;
}

/** `applied, 96 s left`: a change set that is not ended, and when the guard ends it. */
export function changeCell({ changeSet, reached }: HostStatusReport, style: Style): string {
  if (!reached) return '?';
  if (changeSet === null) return nothing(style);
  const kind = changeSet.kind === 'os' ? 'upgrade ' : '';
  const left =
    changeSet.deadlineInSec === undefined || changeSet.state === 'failed'
      ? ''
      : `, ${secondsLeft(changeSet.deadlineInSec)} left`;
  const text = `${kind}${printable(changeSet.state)}${left}`;
  return style.paint(changeSet.state === 'failed' ? 'red' : 'yellow', text);
}

export function secondsLeft(seconds: number): string {
  return duration(Math.max(0, seconds) * 1000).replace('.0 s', ' s');
}

/** `44.20261101.3.0 → 44.20261115.3.0 staged`: what runs, and what the next boot brings where that is another. */
export function osCell({ os }: HostStatusReport, style: Style): string {
  if (os === null) return '?';
  const version = printable(os.version) || '?';
  if (os.next === undefined) return version;
  const arrow = style.unicode ? '→' : '->';
  const how = os.next.how === 'staged' ? 'staged' : 'at next boot';
  return `${version} ${style.paint('yellow', `${arrow} ${printable(os.next.version)} ${how}`)}`;
}

/** From here on certificates, DNSSEC and logs suffer. ms */
export const CLOCK_OFFSET_MAX_MS = 500;

export function clockIsOff({ clock }: HostStatusReport): boolean {
  return clock !== null && clock !== undefined && Math.abs(clock.offsetMs) - clock.withinMs > CLOCK_OFFSET_MAX_MS;
}

function clockNote(host: HostStatusReport): string {
  if (!clockIsOff(host) || !host.clock) return '';
  const { offsetMs } = host.clock;
  return `clock ${duration(Math.abs(offsetMs))} ${offsetMs > 0 ? 'ahead' : 'behind'}`;
}

/** Worth a word only when it may boot the host by itself, or has failed. */
function zincatiNote({ zincati }: HostStatusReport): string {
  if (zincati === null || zincati === undefined) return '';
  if (zincati.active === 'failed') return 'Zincati failed';
  if (zincati.heldFor !== undefined && zincati.enabled === 'enabled')
    return `Zincati held, ${printable(zincati.heldFor)} is denied`;
  return mayZincatiUpdate(zincati) ? 'Zincati may update it' : '';
}

/** In a few words each; what to do stands below the table. */
export function noteCell(host: HostStatusReport, style: Style): string {
  if (!host.reached)
    return style.paint('red', `${symbol(style, 'failed')} ${isDown(host) ? 'unreachable' : 'refuses us'}`);
  const notes = [
    host.lease === null ? '' : `locked by ${printable(host.lease.owner)}`,
    host.reverted === null ? '' : `went back ${localMinute(new Date(host.reverted.at).toISOString())}`,
    driftNote(host.drift),
    host.guard === 'off' ? 'its guard is off' : '',
    clockNote(host),
    zincatiNote(host),
    host.os?.finalizeFailure === undefined ? '' : 'upgrade not finalised',
    host.os?.reconcileFailure === undefined ? '' : 'config does not fit this OS',
    host.os?.layered === undefined ? '' : `${count(host.os.layered.length, 'package')} layered`,
    host.helper === null || host.helper.isCurrent ? '' : 'helper of another version',
    ...Object.entries(host.services).map(([service, { state, deployed }]) =>
      state === 'fails' && !deployed ? `${service} not deployed here` : '',
    ),
  ].filter((note) => note !== '');
  return notes.length === 0 ? nothing(style) : style.paint('yellow', notes.join(', '));
}

/** Else it is there, and its key, its login or its sudo is not as expected. */
function isDown({ error }: HostStatusReport): boolean {
  return error === null || ['E_HOST_UNREACHABLE', 'E_LINK_LOST', 'E_DEADLINE'].includes(error.code);
}

function driftNote(drift: readonly DriftedPath[]): string {
  if (drift.length === 0) return '';
  const edited = drift.filter(({ kind }) => kind === 'edited').length;
  return edited === drift.length
    ? `${count(edited, 'file')} edited by hand`
    : `${count(drift.length, 'path')} changed by hand`;
}
