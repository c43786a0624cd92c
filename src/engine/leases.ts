/** Leases on all members of a group while one of them is changed (docs/protocol.md, R14): taken in one order, renewed, given back. */
import { randomUUID } from 'node:crypto';
import { InfraError } from '../errors.ts';
import { acquireCall, releaseCall, renewCall } from '../host/verbs.ts';
import type { Connection } from '../ssh/transport.ts';
import { HostLockedError, InterruptedError } from './errors.ts';
import type { RunContext } from './run-context.ts';
import { callFor } from './verb.ts';

export interface LeasePartner {
  readonly name: string;
  readonly connection: Connection;
}

/** The leases of one run. A token is drawn for each host once; taking it again changes only whether reboots are inhibited. */
export class Leases {
  readonly #ctx: RunContext;
  readonly #purpose: string;
  readonly #held = new Map<string, { readonly token: string; readonly partner: LeasePartner }>();
  /** Hosts that said that they are ours. */
  readonly #taken = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  /** Hosts whose lease is renewed by what runs on them, not by the timer. */
  readonly #busy = new Set<string>();

  constructor(ctx: RunContext, purpose: string) {
    this.#ctx = ctx;
    this.#purpose = purpose;
  }

  token(host: string): string {
    const held = this.#held.get(host);
    if (held === undefined) throw new Error(`no lease of ${host} is held`);
    return held.token;
  }

  /** A host whose lease is ours, with the connection that it was taken over. */
  holding(host: string): { readonly token: string; readonly connection: Connection } | undefined {
    const held = this.#held.get(host);
    return held === undefined ? undefined : { token: held.token, connection: held.partner.connection };
  }

  /**
   * Takes all, in the order of names: two runs cannot wait for each other. Those that are not targets are kept from rebooting meanwhile.
   * Busy: everything is given back; waited for up to --wait-lock. Throws HostLockedError, or what made a host unreachable.
   * One that was taken before and lost since (the controller slept) is not taken again, and not waited for: another run may have come
   * and gone, and changed what this one had done.
   */
  async acquire(partners: readonly LeasePartner[], targets: ReadonlySet<string>): Promise<void> {
    const ordered = [...partners].sort((a, b) => (a.name < b.name ? -1 : 1));
    const deadline = this.#ctx.now() + this.#ctx.options.waitLockSec * 1000;
    const isAgain = ordered.some(({ name }) => this.#taken.has(name));
    await this.renew([...this.#taken]);
    for (;;) {
      try {
        // Targets first lose their inhibitor: it must be gone before such a host may have to reboot.
        for (const partner of ordered) await this.#take(partner, !targets.has(partner.name));
        this.#startRenewing();
        return;
      } catch (error) {
        if (!(error instanceof HostLockedError) || isAgain || this.#ctx.now() > deadline) throw error;
        await this.release();
        if (this.#ctx.signal.aborted)
          throw new InterruptedError('interrupted while a lock was waited for', {
            cause: error,
            remedy: 'Run the same command again.',
          });
        await new Promise((resolve) => setTimeout(resolve, 1_000));
      }
    }
  }

  async #take(partner: LeasePartner, inhibit: boolean): Promise<void> {
    const { run, owner, deadlines } = this.#ctx;
    const token = this.#held.get(partner.name)?.token ?? randomUUID();
    // Noted before it is taken: when the answer is lost, the lease may be ours all the same.
    this.#held.set(partner.name, { token, partner });
    await callFor(
      this.#ctx,
      partner.connection,
      acquireCall({
        token,
        owner,
        run,
        purpose: this.#purpose,
        ttlSec: deadlines.leaseSec,
        inhibit,
        isHeld: this.#taken.has(partner.name),
      }),
      'taking the lock',
      'lease',
    );
    this.#taken.add(partner.name);
  }

  /** Proves that they are still ours. Throws HostLockedError when one is not. */
  async renew(hosts: readonly string[]): Promise<void> {
    await Promise.all(hosts.map((host) => this.#renew(host)));
  }

  async #renew(host: string, what = 'renewing the lock'): Promise<void> {
    const held = this.#held.get(host);
    if (held === undefined) return;
    await callFor(this.#ctx, held.partner.connection, renewCall(held.token), what, 'lease');
  }

  #startRenewing(): void {
    this.#timer ??= setInterval(
      () => {
        for (const host of this.#held.keys()) {
          // A renewal that fails shows when the lease is needed: before `go`, and on the host at each step.
          if (!this.#busy.has(host)) this.#renew(host, 'keeping the lock').catch(() => {});
        }
      },
      (this.#ctx.deadlines.leaseSec * 1000) / 3,
    );
    this.#timer.unref();
  }

  /** While a change set is applied there, the host renews by itself, under its lock. */
  async whileBusy<T>(host: string, work: () => Promise<T>): Promise<T> {
    this.#busy.add(host);
    try {
      return await work();
    } finally {
      this.#busy.delete(host);
    }
  }

  /** The host was booted: its lease went with /run, and what was connected to it. The next acquire draws a new token. */
  forget(host: string): void {
    this.#held.delete(host);
    this.#taken.delete(host);
  }

  /**
   * The host was booted while our slot is open there, which keeps everybody else out: only its own lease is drawn again. What a dead
   * controller of this run may still hold there is waited for: it runs out.
   */
  async takeAgain(partner: LeasePartner): Promise<void> {
    const deadline = this.#ctx.now() + (2 * this.#ctx.deadlines.leaseSec + 15) * 1000;
    this.forget(partner.name);
    for (;;) {
      try {
        await this.#take(partner, false);
        this.#startRenewing();
        return;
      } catch (error) {
        if (!(error instanceof HostLockedError) || this.#ctx.now() > deadline) throw error;
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    }
  }

  /** The link to a host whose lease is ours was made anew; the host was not booted. */
  moved(partner: LeasePartner): void {
    const held = this.#held.get(partner.name);
    if (held !== undefined) this.#held.set(partner.name, { ...held, partner });
  }

  /** Peers first, then the hosts that were changed. Never throws: what cannot be given back runs out by itself. */
  async release(last: ReadonlySet<string> = new Set()): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    const all = [...this.#held.values()];
    this.#held.clear();
    this.#taken.clear();
    const give = async ({ token, partner }: (typeof all)[number]): Promise<void> => {
      try {
        await callFor(this.#ctx, partner.connection, releaseCall(token), 'giving back the lock', 'released');
      } catch (error) {
        if (!(error instanceof InfraError)) throw error;
      }
    };
    await Promise.all(all.filter(({ partner }) => !last.has(partner.name)).map(give));
    await Promise.all(all.filter(({ partner }) => last.has(partner.name)).map(give));
  }
}
