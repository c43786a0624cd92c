/** Text of the user's own inside our server blocks: it must not leave them, nor repeat what the role writes. Pure. */
import type { SourceLocation } from 'coreos-infra';
import { CorefileError } from './errors.ts';

/** Directives that the role writes, with the var that sets them. Each may stand in a server block once. */
const OWN: Readonly<Record<string, string>> = {
  bind: 'coredns_listen',
  bufsize: 'nothing: it is 1232',
  cache: 'coredns_cache',
  chaos: 'nothing: it proves which Corefile is loaded',
  errors: 'coredns_errors',
  file: 'the zone files of the inventory',
  health: 'coredns_health',
  log: 'coredns_log',
  prometheus: 'coredns_prometheus',
  ready: 'coredns_ready',
  reload: 'nothing: files are loaded when the run says so (coredns#6263)',
  transfer: 'coredns_transfer_to',
};

/** Throws CorefileError, with the line inside the text. */
export function checkExtra(text: string, where?: SourceLocation): void {
  const fail = (message: string, remedy: string, detail: readonly string[] = []): never => {
    throw new CorefileError(`coredns_extra: ${message}`, { remedy, detail, ...(where === undefined ? {} : { where }) });
  };
  let depth = 0;
  for (const [index, source] of text.split('\n').entries()) {
    const at = [`${index + 1}  ${source}`];
    const words = wordsOf(source) ?? fail('quote is not closed', 'Close it on the same line.', at);
    const [first] = words;
    const owner = depth === 0 && first !== undefined && Object.hasOwn(OWN, first) ? OWN[first] : undefined;
    if (owner !== undefined)
      fail(`${first} is written by the role`, `It comes from ${owner}. Take it out of coredns_extra.`, at);
    for (const brace of words) {
      if (brace === '{') depth++;
      else if (brace === '}') depth--;
      if (depth < 0) fail('"}" without "{"', 'It would end the server block. Remove it.', at);
    }
  }
  if (depth > 0) fail('"{" without "}"', 'Close the block.');
}

/** As the Corefile's lexer splits a line: quotes keep blanks, `#` begins a comment where a word could begin. */
function wordsOf(source: string): readonly string[] | undefined {
  const words: string[] = [];
  const pattern = /\s*(?:#.*|"((?:[^"\\]|\\.)*)"|(\S+))/gy;
  for (const [, quoted, bare] of source.trimEnd().matchAll(pattern)) {
    if (bare?.startsWith('"') === true) return undefined;
    if (bare !== undefined) words.push(bare);
    else if (quoted !== undefined) words.push(`"${quoted}"`);
  }
  return words;
}
