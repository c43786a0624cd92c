/** Command lines for a host: our own short shell part in front, then exactly what was asked for. Pure but for reading that part. */
import { readFileSync } from 'node:fs';
import { assetPath } from '../assets.ts';
import { quoteArgv } from '../ssh/quote.ts';

export interface RemoteOptions {
  /** Drawn for each run (signs.ts). */
  readonly nonce: string;
  /** As root, by `sudo -n`. */
  readonly sudo: boolean;
  /** Run also in the middle of a change set. */
  readonly ignoresLocks: boolean;
}

interface Limited {
  /** The host ends it after so long, also when nobody listens any more. */
  readonly timeoutSec: number;
}

/** What the operator wants to have run. */
export interface Program {
  readonly argv: readonly string[];
  /** Size of the script that comes first on stdin; 0: none. */
  readonly scriptBytes: number;
}

/**
 * The words after `--`: several are one program with its arguments, run as they stand; a single one is a line for bash, so
 * that pipes and variables of the host can be had (`'df -h | tail -1'`).
 */
export function programOf(words: readonly string[]): Program {
  const [line = ''] = words;
  return { argv: words.length === 1 ? ['/bin/bash', '-c', line] : words, scriptBytes: 0 };
}

/** Where a script is read from on the host. */
const SCRIPT_PATH = '/dev/fd/3';

/** A script with its arguments, run by the interpreter that its first line names (`#!`, execve(2)), else by bash. */
export function programOfScript(script: Uint8Array, args: readonly string[]): Program {
  const first = Buffer.from(script.subarray(0, 256)).toString('utf8').split('\n')[0] ?? '';
  const [, interpreter = '/bin/bash', argument = ''] = /^#!\s*(\S+)(?:[ \t]+(.*?))?\s*$/.exec(first) ?? [];
  const options = argument === '' ? [] : [argument];
  return { argv: [interpreter, ...options, SCRIPT_PATH, ...args], scriptBytes: script.length };
}

/** Runs `program` for at most `timeoutSec` (0: for ever). stdin: the script's bytes, then the program's own. */
export function runCommand(program: Program, options: RemoteOptions & Limited): string {
  return withBegin('run', options, [String(options.timeoutSec), String(program.scriptBytes), ...program.argv]);
}

export interface Parcel {
  readonly kind: 'file' | 'tree';
  /** File name for a destination that is a folder. */
  readonly name: string;
  /** Octal, as chmod takes it. */
  readonly mode: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Takes the parcel from stdin and puts it at `dest`. */
export function putCommand(parcel: Parcel, dest: string, options: RemoteOptions & Limited): string {
  const { kind, name, mode, bytes, sha256 } = parcel;
  return withBegin('put', options, [kind, dest, name, mode, String(bytes), sha256]);
}

/** Sends `source` on stdout. */
export function getCommand(source: string, options: RemoteOptions & Limited): string {
  return withBegin('get', options, [source]);
}

/** Ends a program that `runCommand` started and that said its process id. */
export function endCommand(pid: string, asRoot: boolean): string {
  return `${asRoot ? 'sudo -n -- ' : ''}kill -TERM ${pid}`;
}

const scripts = new Map<string, string>();

function withBegin(name: 'run' | 'put' | 'get', options: RemoteOptions & Limited, args: readonly string[]): string {
  const { nonce, ignoresLocks, timeoutSec } = options;
  // A command has its deadline around itself alone, so that what is in front of it can still speak.
  const limit = name === 'run' ? [] : ['timeout', '-k', '2', String(timeoutSec)];
  const text = `${script('begin')}\n${script(name)}`;
  // The login shell has read ~/.bashrc (bash does so under sshd, and again in each shell that it execs): once is enough.
  const argv = [...limit, '/bin/bash', '--norc', '-c', text, 'coreos-infra', nonce, ignoresLocks ? '0' : '1', ...args];
  // LC_ALL is for sudo's own words only: the operator's command keeps its locale.
  return options.sudo
    ? `LC_ALL=C exec sudo -n -- /usr/bin/env -u LC_ALL ${quoteArgv(argv)}`
    : `exec ${quoteArgv(argv)}`;
}

/** Comments are for readers of the file; a host's process list and journal do without. */
function script(name: string): string {
  let text = scripts.get(name);
  if (text === undefined) {
    text = readFileSync(assetPath(`src/exec/${name}.sh`), 'utf8').replace(/^\s*#.*\n/gm, '');
    scripts.set(name, text);
  }
  return text;
}
