/** Whoever waits for a host must not be locked out by its sshd: sshd_config(5), PerSourcePenalties. */
import { describe, expect, it } from 'vitest';
import { AuthRefusedError, HostUnreachableError } from '../../../src/ssh/errors.ts';
import { LoginPace } from '../../../src/upgrade/login-pace.ts';

const EVERY_MS = 500;
/** OpenSSH's defaults: authfail, min, max. */
const COSTS_MS = 5_000;
const LOCKED_FROM_MS = 15_000;

const refused = new AuthRefusedError('not now', { host: 'ns1', remedy: 'wait' });
const noPort = new HostUnreachableError('nothing there', { host: 'ns1', reason: 'refused', remedy: 'wait' });
const silent = new HostUnreachableError('no answer', { host: 'ns1', reason: 'timeout', remedy: 'wait' });

/** An sshd that counts as OpenSSH does: `answer` says what it does with whoever it still listens to. */
class Sshd {
  nowMs = 0;
  logins: number[] = [];
  locked = 0;
  #penaltyUntilMs = 0;
  readonly pace = new LoginPace(() => this.nowMs);

  /** One turn of whoever waits: an attempt, if the pace allows it; then half a second goes by. */
  async turn(answer: 'refused' | 'no port' | 'silent' | 'in'): Promise<void> {
    if (this.pace.allows()) {
      await this.pace.attempt((onLogin) => this.#connect(answer, onLogin)).catch(() => undefined);
    }
    this.nowMs += EVERY_MS;
  }

  async #connect(answer: 'refused' | 'no port' | 'silent' | 'in', onLogin: () => void): Promise<void> {
    if (answer === 'no port') this.#penaltyUntilMs = 0;
    if (answer === 'no port') throw noPort;
    if (answer === 'silent') throw silent;
    onLogin();
    this.logins.push(this.nowMs);
    if (answer === 'in') return;
    this.#penaltyUntilMs = Math.max(this.nowMs, this.#penaltyUntilMs) + COSTS_MS;
    if (this.#penaltyUntilMs - this.nowMs >= LOCKED_FROM_MS) this.locked += 1;
    throw refused;
  }
}

describe('the pace of logins at a host that boots', () => {
  it('never earns the penalty from which sshd listens no more, however long it refuses', async () => {
    const sshd = new Sshd();
    for (let turn = 0; turn < 240; turn++) await sshd.turn('refused');
    expect(sshd.locked).toBe(0);
    expect(sshd.logins.slice(0, 4)).toEqual([0, 1_000, 6_000, 11_000]);
    expect(sshd.logins.length).toBeGreaterThan(20);
  });

  it('is as quick as ever where the port is closed, nobody answers, or the old boot still lets us in', async () => {
    const sshd = new Sshd();
    for (const answer of ['no port', 'silent', 'in', 'in'] as const) {
      const beforeMs = sshd.nowMs;
      expect(sshd.pace.allows()).toBe(true);
      await sshd.turn(answer);
      expect(sshd.nowMs - beforeMs).toBe(EVERY_MS);
    }
    expect(sshd.logins).toEqual([1_000, 1_500]);
  });

  it('begins anew with a new sshd', async () => {
    const sshd = new Sshd();
    await sshd.turn('refused');
    await sshd.turn('refused'); // not tried yet
    await sshd.turn('no port');
    await sshd.turn('refused');
    await sshd.turn('refused');
    await sshd.turn('refused');
    expect(sshd.logins).toEqual([0, 1_500, 2_500]);
    expect(sshd.locked).toBe(0);
  });

  it('has one login under way at a time, unless that one hangs', async () => {
    let nowMs = 0;
    const pace = new LoginPace(() => nowMs);
    let finish = (): void => undefined;
    const hanging = pace.attempt((onLogin) => {
      onLogin();
      return new Promise<void>((resolve) => {
        finish = resolve;
      });
    });
    expect(pace.allows()).toBe(false);
    nowMs = 2_000;
    expect(pace.allows()).toBe(true);
    finish();
    await hanging;
    nowMs = 2_001;
    expect(pace.allows()).toBe(true);
  });
});
