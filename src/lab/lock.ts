/** Locks between commands: held by a `flock` child that ends with us, however we end. */
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { LabError } from './errors.ts';

/** Runs `work` while holding `file`; waits at most `waitMs` for another holder. */
export async function withLock<T>(file: string, what: string, waitMs: number, work: () => Promise<T>): Promise<T> {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  // The child reads our pipe: when we are killed, the pipe closes, it ends, and the lock is free.
  const holder = spawn(
    'flock',
    ['--wait', String(Math.ceil(waitMs / 1000)), file, 'sh', '-c', 'echo locked; exec cat'],
    {
      stdio: ['pipe', 'pipe', 'ignore'],
    },
  );
  const ended = new Promise<void>((resolve) => holder.once('close', () => resolve()));
  const locked = await new Promise<boolean>((resolve) => {
    holder.stdout.once('data', () => resolve(true));
    holder.once('close', () => resolve(false));
    holder.once('error', () => resolve(false));
  });
  if (!locked) {
    throw new LabError(`${what} is busy: another command has held ${file} for ${Math.round(waitMs / 1000)} s`, {
      remedy: 'Wait for the other `run lab` command to end, then try again.',
    });
  }
  try {
    return await work();
  } finally {
    holder.stdin.end();
    await ended;
  }
}
