/** A host that reboots is noticed at most a second after its sshd answers, however its network behaves before that. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RunContext } from '../../../src/engine/run-context.ts';
import type { Host } from '../../../src/inventory/model.ts';
import { AuthRefusedError, HostUnreachableError } from '../../../src/ssh/errors.ts';
import type { Connection, ConnectOptions } from '../../../src/ssh/transport.ts';
import { waitForBoot } from '../../../src/upgrade/wait-boot.ts';

const OLD = '11111111-1111-4111-8111-111111111111';
const NEW = '22222222-2222-4222-8222-222222222222';
const HOST = { name: 'ns1' } as Host;

type Answer = (options: ConnectOptions) => Promise<Connection>;

const refuses: Answer = async () => {
  throw new HostUnreachableError('refused', { host: 'ns1', reason: 'refused', remedy: 'test' });
};
const isSilent: Answer = ({ timeoutMs = 0, signal }) =>
  new Promise((_, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      reject(new HostUnreachableError('no answer', { host: 'ns1', reason: 'timeout', remedy: 'test' }));
    };
    const timer = setTimeout(end, timeoutMs);
    signal?.addEventListener('abort', end);
  });
const turnsAway: Answer = async ({ onLogin }) => {
  onLogin?.();
  throw new AuthRefusedError('System is booting up', { host: 'ns1', remedy: 'test' });
};
const letsIn =
  (bootId: string): Answer =>
  async ({ onLogin }) => {
    onLogin?.();
    return {
      host: 'ns1',
      exec: async () => ({ code: 0, stdout: Buffer.from(`${bootId}\n`), stderr: Buffer.alloc(0) }),
      close: async () => undefined,
    } as unknown as Connection;
  };

/** What the host does, from which ms on. */
async function waited(phases: readonly (readonly [number, Answer])[], withinMs = 120_000) {
  const startedMs = Date.now();
  let attempts = 0;
  const ctx = {
    now: () => Date.now(),
    transport: {
      connect: (_: Host, options: ConnectOptions = {}) => {
        attempts += 1;
        const [, answer] = phases.findLast(([fromMs]) => Date.now() - startedMs >= fromMs) ?? [0, refuses];
        return answer(options);
      },
    },
  } as unknown as RunContext;
  let sawOld = false;
  const wait = waitForBoot(ctx, HOST, { not: OLD, withinMs, onOld: () => (sawOld = true) }).then((booted) => ({
    bootId: booted?.bootId,
    afterMs: Date.now() - startedMs,
  }));
  await vi.advanceTimersByTimeAsync(withinMs + 20_000);
  return { ...(await wait), attempts, sawOld };
}

describe('a host that reboots', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is noticed within a second where its port was closed', async () => {
    const { bootId, afterMs, sawOld } = await waited([
      [0, letsIn(OLD)],
      [2_000, refuses],
      [40_050, letsIn(NEW)],
    ]);
    expect([bootId, sawOld]).toEqual([NEW, true]);
    expect(afterMs - 40_050).toBeLessThan(1_000);
  });

  it('is noticed within a second where nothing answered: attempts overlap', async () => {
    const { bootId, afterMs } = await waited([
      [0, isSilent],
      [3_700, letsIn(NEW)],
    ]);
    expect(bootId).toBe(NEW);
    expect(afterMs - 3_700).toBeLessThan(1_000);
  });

  it('that refuses everybody for a while is asked so seldom that it does not lock us out', async () => {
    const { bootId, afterMs, attempts } = await waited([
      [0, refuses],
      [10_000, turnsAway],
      [14_000, letsIn(NEW)],
    ]);
    expect(bootId).toBe(NEW);
    expect(afterMs - 14_000).toBeLessThan(5_000);
    expect(attempts).toBeLessThanOrEqual(20 + 3);
  });

  it('and does not come back ends the wait in time', async () => {
    expect(await waited([[0, isSilent]], 30_000)).toMatchObject({ bootId: undefined });
    expect(await waited([[0, letsIn(OLD)]], 30_000)).toMatchObject({ bootId: undefined, sawOld: true });
  });
});
