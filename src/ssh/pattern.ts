/** Host patterns of ssh_config and known_hosts (ssh_config(5), PATTERNS): `*`, `?`, and `!` for what is left out. Pure. */

/** Whether `name` matches one of `patterns` and none of those that begin with `!`. Case does not count. */
export function matchesPatternList(patterns: readonly string[], name: string): boolean {
  let matched = false;
  for (const pattern of patterns) {
    if (pattern.startsWith('!')) {
      if (matchesPattern(pattern.slice(1), name)) return false;
    } else if (matchesPattern(pattern, name)) {
      matched = true;
    }
  }
  return matched;
}

/** Whether `name` matches the whole of `pattern`. Linear in pattern × name: a pattern of many `*` cannot stall us. */
export function matchesPattern(pattern: string, name: string): boolean {
  const wanted = pattern.toLowerCase();
  const given = name.toLowerCase();
  let at = 0;
  let from = 0;
  let star = -1;
  let retry = 0;
  while (from < given.length) {
    if (at < wanted.length && wanted[at] === '*') {
      star = at;
      at += 1;
      retry = from;
    } else if (at < wanted.length && (wanted[at] === '?' || wanted[at] === given[from])) {
      at += 1;
      from += 1;
    } else if (star >= 0) {
      // The last star takes one character more.
      retry += 1;
      from = retry;
      at = star + 1;
    } else {
      return false;
    }
  }
  while (wanted[at] === '*') at += 1;
  return at === wanted.length;
}
