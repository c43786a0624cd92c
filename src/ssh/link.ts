/** Whether a connection still stands, and the one place that says why it does not. */
import { LinkLostError } from './errors.ts';

/** Shared by a connection and its running commands. It goes down once and stays down. */
export class Link {
  readonly host: string;
  readonly #watchers = new Set<() => void>();
  #why: string | undefined;
  #cause: Error | undefined;

  constructor(host: string) {
    this.host = host;
  }

  get isUp(): boolean {
    return this.#why === undefined;
  }

  /** The first reason counts: what follows (a closed socket) is its consequence. */
  goDown(why: string, cause?: Error): void {
    if (this.#why !== undefined) return;
    // It may be the host's own words (DISCONNECT), of any length.
    this.#why = why.slice(0, 300);
    this.#cause = cause;
    for (const watcher of this.#watchers) watcher();
    this.#watchers.clear();
  }

  /** Calls `watcher` when the link goes down; returns how to stop watching. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** The error for whoever was doing `what` over this link. */
  lost(what: string): LinkLostError {
    return new LinkLostError(
      `the connection was lost while ${what}: ${this.#why ?? 'the host closed the channel without an exit status'}`,
      {
        host: this.host,
        cause: this.#cause,
        remedy: 'How far the host came is not known. See what it does (its console, run status), then run it again.',
      },
    );
  }
}
