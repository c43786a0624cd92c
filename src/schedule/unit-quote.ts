/** Words and values as systemd reads them back unchanged (systemd.service(5), "Command lines"; systemd.syntax(7)). Pure. */
import { ScheduleError } from './errors.ts';

/** One word of ExecStart=: quoted, with nothing left for systemd to expand. */
export function execWord(word: string): string {
  const escaped = checked(word)
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('%', '%%')
    .replaceAll('$', '$$$$')
    .replaceAll('\t', '\\t');
  return `"${escaped}"`;
}

/** The value of a setting that is a path or a text: only specifiers mean anything there. */
export function settingValue(value: string): string {
  return checked(value).replaceAll('%', '%%');
}

/** One entry of Environment=. */
export function environmentEntry(name: string, value: string): string {
  const escaped = checked(value)
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('%', '%%')
    .replaceAll('\t', '\\t');
  return `"${name}=${escaped}"`;
}

function checked(text: string): string {
  if (!/[\x00-\x08\x0a-\x1f\x7f]/.test(text)) return text;
  throw new ScheduleError(`${JSON.stringify(text)} has a line break or another control character in it`, {
    remedy: 'That cannot stand in a unit of systemd: put it into the inventory or a file.',
  });
}
