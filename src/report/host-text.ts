/** The line of a host that is done, with what explains it below. Pure. */
import { changeLines, diffsOnly } from './change-text.ts';
import type { HostView, RunView } from './run-view.ts';
import { printable, printableLines } from './sanitize.ts';
import { paragraph, type Style, spread, symbol } from './style.ts';
import { changesInShort, count, duration, STATUS_WORDS } from './words.ts';

export interface HostTextOptions {
  readonly style: Style;
  /** Columns of the widest host name. */
  readonly nameWidth: number;
  readonly diff: boolean;
}

export function nameWidth(view: RunView): number {
  return Math.max(0, ...[...view.hosts.keys()].map((name) => name.length));
}

/** Empty while the host is not done. */
export function hostLines(host: HostView, options: HostTextOptions): readonly string[] {
  if (host.done === undefined) return [];
  const { style } = options;
  const { status, tookMs, error, changes, message } = host.done;
  const word = STATUS_WORDS[status];
  const mark = style.paint(word.colour, `${symbol(style, word.symbol)} ${status.padEnd(9)}`);
  const line = `  ${host.name.padEnd(options.nameWidth)}  ${mark} ${firstLine(host)}`.trimEnd();
  const indent = ' '.repeat(options.nameWidth + 6);
  const below = [
    ...printableLines(error?.message ?? '').slice(1),
    ...(error?.detail.flatMap(printableLines) ?? []),
    // With an error in the first line, what follows stands here: `serving again on generation 41`.
    ...(error === null || message === undefined ? [] : printableLines(message)),
  ].map((text) => `${indent}  ${text}`);
  const remedy = printableLines(error?.remedy ?? '').filter((text) => text !== '');
  return [
    spread(style, line, style.paint('dim', duration(tookMs))),
    ...below,
    ...remedy.flatMap((text) => paragraph(style, indent, text)),
    ...(options.diff ? diffsOnly(changes, style).map((text) => `  ${text}`) : []),
  ];
}

function firstLine({ done, plan }: HostView): string {
  if (done === undefined) return '';
  if (done.error !== null) return printableLines(done.error.message)[0] ?? '';
  const changes = done.changes.length > 0 ? done.changes : (plan?.changes ?? []);
  if (done.status === 'changed')
    // How an upgrade went says more than that the OS was updated.
    return [
      printable(done.message ?? ''),
      changesInShort(changes.filter(({ resource }) => !resource.startsWith('os:'))),
    ]
      .filter(Boolean)
      .join(': ');
  if (done.message !== undefined) return printable(done.message);
  if (done.status === 'ok') return `as described (${count(done.resources, 'resource')})`;
  return '';
}

/** `ns1, ns2  would change 2 of 11`, then what: hosts with the same changes share a block. */
export function checkLines(hosts: readonly HostView[], { style }: Pick<HostTextOptions, 'style'>): readonly string[] {
  const blocks = new Map<string, string[]>();
  for (const host of hosts) {
    const block = checkBlock(host, style).join('\n');
    blocks.set(block, [...(blocks.get(block) ?? []), host.name]);
  }
  return [...blocks].flatMap(([block, hostNames]) => {
    const [first = '', ...rest] = block.split('\n');
    return [`${style.paint('bold', hostNames.join(', '))}  ${first}`, ...rest];
  });
}

function checkBlock({ done, plan }: HostView, style: Style): readonly string[] {
  const changes = done !== undefined && done.changes.length > 0 ? done.changes : (plan?.changes ?? []);
  const resources = done?.resources ?? plan?.resources ?? 0;
  const touched = new Set(changes.map(({ resource }) => resource)).size;
  return [`would change ${touched} of ${Math.max(resources, touched)}`, '', ...changeLines(changes, style), ''];
}
