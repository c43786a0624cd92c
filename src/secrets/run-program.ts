/** Runs a program for its output, on this machine and without a shell. What it prints is a secret: it is held here and nowhere logged. */
import { spawn } from 'node:child_process';

export interface ProgramResult {
  /** undefined: it was ended by a signal, or by us. */
  readonly code: number | undefined;
  readonly stdout: Buffer;
  /** The last lines, without control characters. */
  readonly words: readonly string[];
  /** It took longer, or printed more, than it may. */
  readonly broken?: 'slow' | 'large';
}

export interface ProgramLimits {
  readonly timeoutMs: number;
  readonly bytesMax: number;
}

const WORDS_BYTES_MAX = 16 * 1024;
const WORDS_MAX = 5;

/** Rejects with Node's error when the program cannot be started (`code` ENOENT: there is none). */
export function runProgram(argv: readonly string[], { timeoutMs, bytesMax }: ProgramLimits): Promise<ProgramResult> {
  const [program = '', ...args] = argv;
  return new Promise((resolve, reject) => {
    // A password manager may ask for its passphrase on /dev/tty; stdin is not ours to give.
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], shell: false });
    const out: Buffer[] = [];
    let [size, words]: [number, string] = [0, ''];
    let broken: 'slow' | 'large' | undefined;
    const end = (why: 'slow' | 'large'): void => {
      broken ??= why;
      child.kill('SIGKILL');
      // Its own children may hold the pipes: they are not waited for.
      child.stdout.destroy();
      child.stderr.destroy();
    };
    const timer = setTimeout(() => end('slow'), timeoutMs);
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > bytesMax) end('large');
      else out.push(chunk);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      words = (words + chunk.toString('utf8')).slice(-WORDS_BYTES_MAX);
    });
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({
        code: code ?? undefined,
        stdout: Buffer.concat(out),
        words: lastLines(words),
        ...(broken === undefined ? {} : { broken }),
      });
    });
  });
}

function lastLines(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) =>
      line
        .replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ')
        .trim()
        .slice(0, 300),
    )
    .filter((line) => line !== '')
    .slice(-WORDS_MAX);
}
