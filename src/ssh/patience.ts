/** One deadline over all steps of connecting, which knows the step that it ran out in. */
import { deferred } from './deferred.ts';
import { AbortedError, HostUnreachableError } from './errors.ts';

export interface PatienceOptions {
  readonly host: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Bounds everything that is awaited through `during`; the rest is the caller's to clean up. */
export class Patience {
  readonly #options: PatienceOptions;
  readonly #over: Promise<never>;
  readonly #timer: NodeJS.Timeout;
  readonly #onAbort: () => void;
  #step = 'starting';

  constructor(options: PatienceOptions) {
    this.#options = options;
    const { promise, reject } = deferred<never>();
    this.#over = promise;
    this.#timer = setTimeout(() => reject(this.#timeout()), timerMs(options.timeoutMs));
    this.#onAbort = () => reject(this.#aborted());
    if (options.signal?.aborted) this.#onAbort();
    else options.signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** Names the step that is going on: `exchanging keys with 192.0.2.11:22`. */
  set step(step: string) {
    this.#step = step;
  }

  /** `work`, unless the deadline or the caller's signal comes first. */
  during<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#over]);
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
  }

  #timeout(): HostUnreachableError {
    const { host, timeoutMs } = this.#options;
    return new HostUnreachableError(`no answer in ${formatSeconds(timeoutMs)} while ${this.#step}`, {
      host,
      reason: 'timeout',
      remedy:
        'The host is down or hangs, or the network between drops packets. Look at its console, or at the address in the inventory.',
    });
  }

  #aborted(): AbortedError {
    const { host, signal } = this.#options;
    return new AbortedError(`given up while ${this.#step}`, { host, cause: signal?.reason, remedy: 'Run it again.' });
  }
}

/** `10 s`, `0.25 s`. */
export function formatSeconds(ms: number): string {
  return `${Number((ms / 1000).toPrecision(3))} s`;
}

/** A delay that setTimeout takes as it stands: it makes 1 ms of all that is over 2³¹ - 1 ms (24.8 days). */
export function timerMs(ms: number): number {
  return Math.min(ms, 2 ** 31 - 1);
}
