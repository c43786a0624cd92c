/** Waits for a host that reboots: it is noticed within half a second that sshd lets us in, whatever the way there does meanwhile. */
import { setMaxListeners } from 'node:events';
import type { RunContext } from '../engine/run-context.ts';
import { InfraError } from '../errors.ts';
import type { Host } from '../inventory/model.ts';
import type { Connection } from '../ssh/transport.ts';
import { LoginPace } from './login-pace.ts';

export interface Booted {
  readonly connection: Connection;
  readonly bootId: string;
}

export interface WaitBoot {
  /** The boot that is over; undefined: any will do. */
  readonly not?: string;
  readonly withinMs: number;
  /** Called when the host lets us in and the boot is the one of `not`: it has not gone down yet. */
  readonly onOld?: () => void;
  /** Ends the waiting; what is returned then is undefined. */
  readonly signal?: AbortSignal;
}

/** A host that still runs its old boot after so long is asked what it is at. Longer than it waits for the word to reboot. ms */
export const LOOK_AFTER_MS = 15_000;
/** A packet to a host that is down gets no answer for seconds: attempts overlap, so that none holds up the next. */
const EVERY_MS = 500;
/** pam_nologin lets nobody in for a while although sshd answers; an attempt that hangs is not waited for. */
const ATTEMPT_MS = 10_000;
const AT_ONCE_MAX = ATTEMPT_MS / EVERY_MS;
const BOOT_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** undefined: not in time. Never throws for what host or network do; a refused login may be a host that is half up. */
export async function waitForBoot(
  ctx: RunContext,
  host: Host,
  { not, withinMs, onOld, signal }: WaitBoot,
): Promise<Booted | undefined> {
  const deadline = ctx.now() + withinMs;
  const over = new AbortController();
  setMaxListeners(AT_ONCE_MAX + 2, over.signal);
  const attempts = new Set<Promise<void>>();
  const pace = new LoginPace(ctx.now);
  let found: Booted | undefined;
  const attempt = async (): Promise<void> => {
    const booted = await tryOnce(ctx, host, pace, over.signal);
    if (booted === undefined) return;
    if (found === undefined && booted.bootId !== not) {
      found = booted;
      over.abort();
    } else {
      if (booted.bootId === not) onOld?.();
      await booted.connection.close();
    }
  };
  while (found === undefined && ctx.now() < deadline && signal?.aborted !== true) {
    if (attempts.size < AT_ONCE_MAX && pace.allows()) {
      const one: Promise<void> = attempt().finally(() => attempts.delete(one));
      attempts.add(one);
    }
    await pause(Math.min(EVERY_MS, Math.max(0, deadline - ctx.now())), over.signal, signal);
  }
  over.abort();
  await Promise.all(attempts);
  return found;
}

async function tryOnce(ctx: RunContext, host: Host, pace: LoginPace, signal: AbortSignal): Promise<Booted | undefined> {
  let connection: Connection | undefined;
  try {
    connection = await pace.attempt((onLogin) =>
      ctx.transport.connect(host, { timeoutMs: ATTEMPT_MS, signal, onLogin }),
    );
    const { code, stdout } = await connection.exec('cat /proc/sys/kernel/random/boot_id', {
      what: 'asking for the boot',
      timeoutMs: ATTEMPT_MS,
      signal,
    });
    const bootId = stdout.toString('utf8').trim();
    if (code === 0 && BOOT_ID.test(bootId)) return { connection, bootId };
  } catch (error) {
    if (!(error instanceof InfraError)) throw error;
  }
  await connection?.close();
  return undefined;
}

export function pause(ms: number, ...signals: readonly (AbortSignal | undefined)[]): Promise<void> {
  return new Promise((resolve) => {
    const given = signals.filter((signal) => signal !== undefined);
    const end = (): void => {
      clearTimeout(timer);
      for (const signal of given) signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    for (const signal of given) {
      if (signal.aborted) end();
      else signal.addEventListener('abort', end, { once: true });
    }
  });
}
