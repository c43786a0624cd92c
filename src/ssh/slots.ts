/** How many commands run at once on one connection. */
import { deferred } from './deferred.ts';

/**
 * sshd refuses a session above MaxSessions (10) outright, and counts one for a moment longer than we see it: two are left
 * for that. Who comes ninth waits.
 */
export const COMMANDS_AT_ONCE_MAX = 8;

/** A place among the commands that run, or in the queue. */
export interface Slot {
  /** Resolves when the command may start. */
  readonly granted: Promise<void>;
  /** Gives the place back; once. */
  release(): void;
}

export class Slots {
  readonly #queue: (() => void)[] = [];
  #free = COMMANDS_AT_ONCE_MAX;

  take(): Slot {
    const { promise: granted, resolve } = deferred<void>();
    let isIn = false;
    const enter = () => {
      isIn = true;
      resolve();
    };
    if (this.#free > 0) {
      this.#free -= 1;
      enter();
    } else {
      this.#queue.push(enter);
    }
    return { granted, release: () => (isIn ? this.#next() : this.#forget(enter)) };
  }

  #next(): void {
    const enter = this.#queue.shift();
    if (enter === undefined) this.#free += 1;
    else enter();
  }

  #forget(enter: () => void): void {
    this.#queue.splice(this.#queue.indexOf(enter), 1);
  }
}
