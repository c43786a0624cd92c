/** Values in bash scripts. Pure. */

/** One word that stands for exactly `text`: inside '…' nothing is special but the quote itself. */
export function shellWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
