/** `~`, `${NAME}` and %-tokens in the values of ssh_config(5). Pure. */

/** `~` and `~/…` become the home folder; `~other/…` stays as it is. */
export function expandTilde(path: string, home: string): string {
  return path === '~' || path.startsWith('~/') ? home + path.slice(1) : path;
}

/** What %-tokens stand for (ssh_config(5), TOKENS). */
export interface Tokens {
  /** %h: the address after HostName. */
  readonly h: string;
  /** %n: what the user called the host. */
  readonly n: string;
  /** %p: the port. */
  readonly p: string;
  /** %r: the user on the host. */
  readonly r: string;
  /** %u: the local user. */
  readonly u: string;
  /** %d: the local home folder. */
  readonly d: string;
}

/** Expands `%h` and the like; `%%` is a percent sign; tokens that we do not know stay as they are. */
export function expandTokens(value: string, tokens: Partial<Tokens>): string {
  return value.replace(/%(.)/g, (whole, token: string) =>
    token === '%' ? '%' : (tokens[token as keyof Tokens] ?? whole),
  );
}

/** Expands `${NAME}`; a variable that is not set becomes nothing. */
export function expandVariables(value: string, env: Readonly<Record<string, string | undefined>>): string {
  return value.replace(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (_, name: string) => env[name] ?? '');
}
