/** The order of words on the command line: options may stand before the command, as people type them. Pure. */

/** The first word that is not an option, with its index; undefined when there is none. */
export function firstOperand(
  argv: readonly string[],
  takesValue: (option: string) => boolean,
): { readonly word: string; readonly index: number } | undefined {
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? '';
    if (word === '--') return undefined;
    if (!word.startsWith('-') || word === '-') return { word, index };
    if (takesValue(word)) index++;
  }
  return undefined;
}

/** `-i prod inventory list` → `inventory list -i prod`; what stands behind `--` stays there. */
export function operandsFirst(argv: readonly string[], takesValue: (option: string) => boolean): readonly string[] {
  const operand = firstOperand(argv, takesValue);
  if (operand === undefined || operand.index === 0) return argv;
  const leading = argv.slice(0, operand.index);
  const rest = argv.slice(operand.index);
  const end = rest.indexOf('--');
  return end === -1 ? [...rest, ...leading] : [...rest.slice(0, end), ...leading, ...rest.slice(end)];
}
