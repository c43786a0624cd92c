/** YAML's syntax errors in the words of someone who has to correct them. Pure. */

export interface WordedError {
  readonly message: string;
  readonly remedy: string;
}

/** `line` counts from 1. */
export function wordSyntaxError(code: string, message: string, text: string, line: number): WordedError {
  const source = text.split(/\r?\n/)[line - 1] ?? '';
  if (code === 'TAB_AS_INDENT' || /^\s*\t/.test(source)) {
    return {
      message: 'a tab in the indentation',
      remedy: 'YAML is indented with spaces only: replace the tab by spaces.',
    };
  }
  if (code === 'MULTIPLE_DOCS')
    return {
      message: 'a second document begins here',
      remedy: 'Remove this "---": an inventory file holds one document.',
    };
  if (code === 'BAD_SCALAR_START')
    return { message: 'a value that begins with a reserved character', remedy: 'Put quotes around the value.' };
  if (code === 'BLOCK_AS_IMPLICIT_KEY' || (code === 'UNEXPECTED_TOKEN' && /:\s.*:\s/.test(source))) {
    return {
      message: 'a second ": " on one line',
      remedy: 'Put quotes around the value, or begin a new line for the inner key.',
    };
  }
  if (/[:\s]\{\{/.test(source))
    return {
      message: 'a value that begins with "{{"',
      remedy: 'Put quotes around the value; templates are not evaluated here, only playbooks compute values.',
    };
  const remedy = REMEDIES[code] ?? 'Correct the line, or the one before it.';
  return { message: `not YAML: ${message.charAt(0).toLowerCase()}${message.slice(1)}`, remedy };
}

const REMEDIES: Readonly<Record<string, string>> = {
  MULTILINE_IMPLICIT_KEY: 'Perhaps a ":" is missing at the end of a line, here or above.',
  MISSING_CHAR: 'Close the quotes or brackets.',
  BAD_INDENT: 'Indent this line like its neighbours, and close brackets that were opened above.',
  UNEXPECTED_TOKEN: 'Indent this line like its neighbours, and check its quotes, brackets and colons.',
};
