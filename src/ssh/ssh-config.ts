/** What ~/.ssh/config (ssh_config(5)) says about a host: the options that we honour, the first value found wins. Pure. */
import { SshConfigError } from './errors.ts';
import { expandTokens } from './expand.ts';
import { matchesPatternList } from './pattern.ts';

/** One option line with the file and line it stands on. */
export interface ConfigLine {
  readonly file: string;
  readonly line: number;
  /** Lower case: `hostname`. */
  readonly keyword: string;
  readonly args: readonly string[];
  /** For `include`: the lines of each file that it names. */
  readonly included?: readonly (readonly ConfigLine[])[];
}

/** The options of one host. Tokens (%h) and ~ are not expanded yet. */
export interface HostConfig {
  readonly hostName?: string;
  readonly port?: number;
  readonly user?: string;
  /** All of them, in order: IdentityFile adds up. */
  readonly identityFiles: readonly string[];
  readonly identitiesOnly?: boolean;
  /** A socket path, `none`, `SSH_AUTH_SOCK` or `$NAME`. */
  readonly identityAgent?: string;
  readonly userKnownHostsFiles?: readonly string[];
  readonly hostKeyAlias?: string;
  /** `none` or a comma-separated list of [user@]host[:port]. */
  readonly proxyJump?: string;
  /** Not supported; kept so that it is refused and not ignored. */
  readonly proxyCommand?: ConfigLine;
  readonly connectTimeoutSeconds?: number;
}

/** Who is asked about: the patterns of Host and Match are held against these. */
export interface ConfigQuery {
  /** What the user calls the host: its inventory name and its address. A `Host` line applies if it matches one of them. */
  readonly names: readonly string[];
  /** What %h stands for in HostName: the address as it was asked for. */
  readonly address: string;
  readonly user: string;
}

/**
 * Splits a line into words: blanks or one `=` separate the keyword, `"…"` and `'…'` hold words with blanks, `\"` is a quote,
 * and a `#` at the start of a word begins a comment. Undefined for an empty line; null for a quote without end.
 */
export function splitConfigLine(
  text: string,
): { readonly keyword: string; readonly args: readonly string[] } | undefined | null {
  const head = /^\s*([^\s="']+)(?:\s*=\s*|\s+|$)/.exec(text);
  if (head === null || head[1] === undefined || head[1].startsWith('#')) return undefined;
  const args = splitWords(text.slice(head[0].length));
  return args === null ? null : { keyword: head[1].toLowerCase(), args };
}

function splitWords(text: string): string[] | null {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at);
    const next = text.charAt(at + 1);
    if (char === '\\' && (next === '"' || next === "'" || next === '\\' || (quote === undefined && next === ' '))) {
      word = (word ?? '') + next;
      at += 1;
    } else if (quote !== undefined) {
      if (char === quote) quote = undefined;
      else word = (word ?? '') + char;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= '';
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (char === '#' && word === undefined) {
      break;
    } else {
      word = (word ?? '') + char;
    }
  }
  if (quote !== undefined) return null;
  if (word !== undefined) words.push(word);
  return words;
}

/**
 * The options for one host out of all lines, in the order in which ssh reads them. An Include inside a block belongs to the block.
 * `Match` blocks apply for `all`, `host`, `originalhost` and `user`; one with any other criterion (exec, final, …) never applies.
 * @throws SshConfigError for a value that is not of its option's kind.
 */
export function configFor(lines: readonly ConfigLine[], query: ConfigQuery): HostConfig {
  const first = new Map<string, ConfigLine>();
  const identityFiles: string[] = [];
  const walk = (block: readonly ConfigLine[]): void => {
    let applies = true;
    for (const line of block) {
      if (line.keyword === 'host') applies = query.names.some((name) => matchesPatternList(line.args, name));
      else if (line.keyword === 'match') applies = matchApplies(line.args, query, first);
      else if (!applies) continue;
      else if (line.keyword === 'include') line.included?.forEach(walk);
      else if (line.keyword === 'identityfile') identityFiles.push(...line.args.slice(0, 1));
      else if (line.args.length > 0 && !first.has(line.keyword)) first.set(line.keyword, line);
    }
  };
  walk(lines);
  return toHostConfig(first, identityFiles);
}

function matchApplies(args: readonly string[], query: ConfigQuery, first: ReadonlyMap<string, ConfigLine>): boolean {
  if (args.length === 1 && args[0]?.toLowerCase() === 'all') return true;
  if (args.length === 0 || args.length % 2 !== 0) return false;
  for (let at = 0; at < args.length; at += 2) {
    const criterion = args[at]?.toLowerCase() ?? '';
    const isNegated = criterion.startsWith('!');
    const patterns = (args[at + 1] ?? '').split(',');
    const hostName = first.get('hostname')?.args[0];
    const user = first.get('user')?.args[0] ?? query.user;
    const subjects: Readonly<Record<string, readonly string[]>> = {
      host: hostName === undefined ? query.names : [expandTokens(hostName, { h: query.address })],
      originalhost: query.names,
      user: [user],
    };
    const subject = subjects[criterion.replace(/^!/, '')];
    if (subject === undefined) return false;
    if (subject.some((name) => matchesPatternList(patterns, name)) === isNegated) return false;
  }
  return true;
}

function toHostConfig(first: ReadonlyMap<string, ConfigLine>, identityFiles: readonly string[]): HostConfig {
  const word = (keyword: string) => first.get(keyword)?.args[0];
  // The proxy option that comes first switches the other one off (ssh_config(5), ProxyJump).
  const proxy = [...first.values()].find((line) => line.keyword === 'proxyjump' || line.keyword === 'proxycommand');
  const proxyWord = proxy?.args[0];
  const isNone = proxyWord?.toLowerCase() === 'none';
  const config: { -readonly [K in keyof HostConfig]: HostConfig[K] | undefined } = {
    hostName: word('hostname'),
    port: toNumber(first.get('port'), 65_535),
    user: word('user'),
    identityFiles,
    identitiesOnly: toBoolean(first.get('identitiesonly')),
    identityAgent: word('identityagent'),
    userKnownHostsFiles: first.get('userknownhostsfile')?.args,
    hostKeyAlias: word('hostkeyalias'),
    proxyJump: proxy?.keyword === 'proxyjump' && !isNone ? proxyWord : undefined,
    proxyCommand: proxy?.keyword === 'proxycommand' && !isNone ? proxy : undefined,
    connectTimeoutSeconds: toNumber(first.get('connecttimeout'), 86_400),
  };
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined)) as unknown as HostConfig;
}

function toNumber(line: ConfigLine | undefined, max: number): number | undefined {
  const word = line?.args[0];
  if (line === undefined || word === undefined || word.toLowerCase() === 'none') return undefined;
  const value = Number(word);
  if (/^\d+$/.test(word) && value >= 1 && value <= max) return value;
  throw badValue(line, `a number from 1 to ${max}`);
}

function toBoolean(line: ConfigLine | undefined): boolean | undefined {
  const word = line?.args[0]?.toLowerCase();
  if (line === undefined || word === undefined) return undefined;
  if (word === 'yes' || word === 'true') return true;
  if (word === 'no' || word === 'false') return false;
  throw badValue(line, 'yes or no');
}

function badValue(line: ConfigLine, wanted: string): SshConfigError {
  return new SshConfigError(
    `${line.file}:${line.line}: ${line.keyword} must be ${wanted}, not ${JSON.stringify(line.args[0])}`,
    {
      where: { file: line.file, line: line.line },
      remedy: 'Correct the line (ssh_config(5)); ssh refuses it too.',
    },
  );
}
