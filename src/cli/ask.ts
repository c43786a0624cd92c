/** A question on stderr, answered by a person: anything but yes is no. */
import { createInterface } from 'node:readline';

/** Resolves to false when the terminal is closed or `signal` is aborted. */
export function askYesNo(question: string, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: true });
    let answer = false;
    const cancel = (): void => lines.close();
    signal.addEventListener('abort', cancel, { once: true });
    // In raw mode the terminal sends Ctrl-C as a character: make it the signal that it means.
    lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
    lines.on('close', () => {
      signal.removeEventListener('abort', cancel);
      resolve(answer);
    });
    if (signal.aborted) {
      lines.close();
      return;
    }
    lines.question(`${question} [y/N] `, (text) => {
      answer = /^\s*y(?:es)?\s*$/i.test(text);
      lines.close();
    });
  });
}
