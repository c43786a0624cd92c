/** The Corefile, from checked values. Pure. What is generated follows one rule: SIGUSR1 alone loads anything. */
import { createHash } from 'node:crypto';
import { CorefileError } from './errors.ts';

export interface CorefileInput {
  /** Addresses, explicit ones: systemd-resolved keeps 127.0.0.53:53, which a wildcard would claim. */
  readonly listen: readonly string[];
  /** UDP and TCP port. */
  readonly port: number;
  /** Names, without the dot at the end. */
  readonly zones: readonly string[];
  /** Where `db.<zone>` lie, as the server sees them. */
  readonly zoneFolder: string;
  /** None: names outside the zones are refused. */
  readonly forwarders: readonly string[];
  readonly cacheSec: number;
  /** Addresses with ports of the endpoints for monitoring. */
  readonly health: string;
  readonly ready: string;
  readonly prometheus: string;
  readonly lameduckSec: number;
  readonly errors: boolean;
  readonly log: boolean;
  readonly transferTo: readonly string[];
  /** Checked by checkExtra. */
  readonly extra: string;
  /** For a trial run: notifies nobody. Lines keep their numbers. */
  readonly isCheck?: boolean;
}

export interface Corefile {
  readonly text: string;
  /** What version.bind answers once this very text is loaded. */
  readonly version: string;
}

/** The text, with its own hash as the version that CoreDNS answers: so a loaded Corefile can be told from a written one. */
export function corefile(input: CorefileInput): Corefile {
  const version = `coreos-infra-${createHash('sha256').update(render(input, 'none')).digest('hex').slice(0, 16)}`;
  return { text: render(input, version), version };
}

const NOTICE = '# Written by coreos-infra (roles/coredns). Changes made here are replaced by the next run.\n';

function render(input: CorefileInput, version: string): string {
  const blocks = [ownBlock(input, version), ...input.zones.map((zone) => zoneBlock(input, zone))];
  if (input.forwarders.length > 0) blocks.push(forwardBlock(input));
  return [NOTICE, ...blocks].join('\n');
}

/** `version.bind` tells which Corefile is loaded. A zone of its own: without forwarders there is no block for other names. */
function ownBlock(input: CorefileInput, version: string): string {
  const lameduck = input.lameduckSec > 0 ? [['lameduck', `${input.lameduckSec}s`]] : [];
  return block(`bind:${input.port}`, [
    line('bind', ...input.listen),
    line('chaos', version),
    nested('health', [input.health], lameduck),
    line('ready', input.ready),
  ]);
}

function zoneBlock(input: CorefileInput, zone: string): string {
  return block(`${word(zone)}:${input.port}`, [
    ...shared(input),
    // Nothing polls: a half-swapped set of files is never read, and a reload by signal always works (coredns#6263).
    nested('file', [`${input.zoneFolder}/db.${zone}`, zone], [['reload', '0']]),
    ...(input.transferTo.length === 0 ? [] : [transfer(input)]),
  ]);
}

/** A server that may transfer a zone notifies its secondaries when it starts. */
function transfer({ transferTo, isCheck }: CorefileInput): string {
  const text = nested('transfer', [], [['to', ...transferTo]]);
  return isCheck === true ? text.replace(/^/gm, '# ') : text;
}

function forwardBlock(input: CorefileInput): string {
  // Cached only here: an authoritative answer out of a cache would prove nothing of the zone that is loaded.
  const cache = input.cacheSec > 0 ? [line('cache', String(input.cacheSec))] : [];
  return block(`.:${input.port}`, [...shared(input), ...cache, line('forward', '.', ...input.forwarders)]);
}

function shared(input: CorefileInput): readonly string[] {
  return [
    line('bind', ...input.listen),
    ...(input.errors ? [line('errors')] : []),
    ...(input.log ? [line('log')] : []),
    line('bufsize', '1232'),
    line('prometheus', input.prometheus),
    ...input.extra.split('\n').filter((text) => text.trim() !== ''),
  ];
}

function block(label: string, lines: readonly string[]): string {
  const indented = lines.flatMap((text) => text.split('\n')).map((text) => `    ${text}\n`);
  return `${label} {\n${indented.join('')}}\n`;
}

function line(...words: readonly string[]): string {
  return words.map(word).join(' ');
}

/** A plugin with properties in braces, or without braces when there are none. */
function nested(plugin: string, args: readonly string[], properties: readonly (readonly string[])[]): string {
  if (properties.length === 0) return line(plugin, ...args);
  return `${line(plugin, ...args)} {\n${properties.map((words) => `    ${line(...words)}\n`).join('')}}`;
}

/** One word that the Corefile's lexer takes as it stands: no blanks, quotes, braces, comments or environment references. */
function word(text: string): string {
  if (/^[A-Za-z0-9_.:/[\]%*@-]+$/.test(text)) return text;
  throw new CorefileError(`${JSON.stringify(text)} cannot stand in a Corefile`, {
    remedy: 'Use letters, digits and the characters _ . : / [ ] % * @ - only.',
  });
}
