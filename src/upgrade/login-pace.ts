/**
 * How often a host that may be half up is asked to let us in. sshd counts what it turned away: a refused login costs our address 5 s,
 * and from 15 s on it closes every connection of ours until they are over (sshd_config(5), PerSourcePenalties, OpenSSH 9.8 and later).
 * During a boot pam_nologin(8) refuses everybody, so three quick attempts would lock us out of a host that is just about to be ready.
 */

import { HostUnreachableError } from '../ssh/errors.ts';

/** After the first refused login, and after each further one: never 15 s together, since they run out by the second. ms */
const AFTER_FIRST_MS = 1_000;
const AFTER_MORE_MS = 5_000;
/** While a login is under way no other one begins, unless it takes this long: it may hang. ms */
const UNDER_WAY_MS = 2_000;

export class LoginPace {
  readonly #now: () => number;
  readonly #underWay = new Set<{ readonly sinceMs: number }>();
  #refused = 0;
  #notBeforeMs = Number.NEGATIVE_INFINITY;

  /** @param now a clock in ms */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether another attempt may begin now. */
  allows(): boolean {
    const now = this.#now();
    return now >= this.#notBeforeMs && [...this.#underWay].every(({ sinceMs }) => now - sinceMs >= UNDER_WAY_MS);
  }

  /** Makes one attempt; `connect` calls `onLogin` when the port is open. Throws what it throws. */
  async attempt<T>(connect: (onLogin: () => void) => Promise<T>): Promise<T> {
    const login = { sinceMs: Number.NaN };
    try {
      const connected = await connect(() => {
        login.sinceMs = this.#now();
        this.#underWay.add(login);
      });
      this.#begunAnew();
      return connected;
    } catch (error) {
      if (this.#underWay.has(login)) this.#wasRefused();
      // With the old sshd is gone what it had counted.
      else if (error instanceof HostUnreachableError && error.reason === 'refused') this.#begunAnew();
      throw error;
    } finally {
      this.#underWay.delete(login);
    }
  }

  #wasRefused(): void {
    this.#refused += 1;
    this.#notBeforeMs = this.#now() + (this.#refused === 1 ? AFTER_FIRST_MS : AFTER_MORE_MS);
  }

  #begunAnew(): void {
    this.#refused = 0;
    this.#notBeforeMs = Number.NEGATIVE_INFINITY;
  }
}
