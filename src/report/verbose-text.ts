/** What -v and -vv add: steps, probes, plays. Pure. */
import type { RunEvent } from '../engine/events.ts';
import { printable } from './sanitize.ts';
import { type Style, symbol } from './style.ts';
import { count, duration } from './words.ts';

export interface VerboseOptions {
  readonly style: Style;
  /** How often -v was given. */
  readonly verbose: number;
  readonly nameWidth: number;
}

export function verboseLines(event: RunEvent, { style, verbose, nameWidth }: VerboseOptions): readonly string[] {
  const host = (name: string, text: string): readonly string[] => [
    style.paint('dim', `  ${name.padEnd(nameWidth)}  ${printable(text)}`),
  ];
  if (event.event === 'local-step') {
    if (event.status === 'failed')
      return [
        `  ${symbol(style, 'failed')} local step ${printable(event.name)}: ${printable(event.message ?? 'failed')}`,
      ];
    return verbose > 0 ? [style.paint('dim', `  local step ${printable(event.name)}: ${event.status}`)] : [];
  }
  if (event.event === 'gate') {
    if (event.status === 'closed')
      return [`  ${symbol(style, 'failed')} gate ${printable(event.message ?? event.name)}`];
    return verbose > 0 ? [style.paint('dim', `  gate ${printable(event.name)}: ${event.status}`)] : [];
  }
  if (verbose === 0) return [];
  switch (event.event) {
    case 'play-started':
      return [style.paint('dim', `  play on ${printable(event.pattern)}: ${event.roles.map(printable).join(', ')}`)];
    case 'host-observed':
      return host(event.host, `observed ${count(event.resources, 'resource')} in ${duration(event.tookMs)}`);
    case 'host-plan':
      return host(
        event.host,
        `plan: ${count(event.changes.length, 'change')} of ${count(event.resources, 'resource')}`,
      );
    case 'host-step':
      return host(event.host, `${event.step}: ${event.message}`);
    case 'probe': {
      if (event.result.ok && verbose < 2) return [];
      const { ok, service, name, detail, tookMs } = event.result;
      return host(event.host, `${symbol(style, ok ? 'done' : 'failed')} ${service} ${name}: ${detail} (${tookMs} ms)`);
    }
    default:
      return [];
  }
}
