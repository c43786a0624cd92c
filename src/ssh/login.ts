/** The login of one session: which keys were shown, what the host said to them, and the error that follows. */
import type { AnyAuthMethod, AuthenticationType, AuthHandlerMiddleware, NextAuthHandler } from 'ssh2';
import type { InfraError } from '../errors.ts';
import { AuthRefusedError, HostUnreachableError } from './errors.ts';
import type { Identities, KeyAttempt } from './identity.ts';
import type { Hop } from './route.ts';
import { formatAddress, tcpError } from './tcp.ts';

/** An error as ssh2 emits it: `level` says which part of it failed, a numeric `code` is the reason of a DISCONNECT (RFC 4253 §11.1). */
export type SessionError = Error & { readonly level?: string; readonly code?: string | number };

/** sshd's words that are kept for a message: bounded, since a host may say anything. */
const NOTES_MAX = 8;
const NOTE_LENGTH_MAX = 500;

export class Login {
  readonly #hop: Hop;
  readonly #identities: Identities;
  readonly #where: string;
  readonly #left: KeyAttempt[];
  readonly #shown: string[] = [];
  readonly #notes: string[] = [];
  #hasBegun = false;
  #methods: readonly string[] | undefined;
  #refusal: InfraError | undefined;

  constructor(hop: Hop, identities: Identities) {
    this.#hop = hop;
    this.#identities = identities;
    this.#where = formatAddress(hop.address, hop.port);
    this.#left = [...identities.attempts];
  }

  /** Keys are exchanged; returns the name of the step that begins. */
  begin(): string {
    this.#hasBegun = true;
    return `logging in as ${this.#hop.user} at ${this.#where}`;
  }

  /** Something that the host (its banner) or the agent said. */
  note(text: string): void {
    const lines = text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
    for (const line of lines) if (this.#notes.length < NOTES_MAX) this.#notes.push(line.slice(0, NOTE_LENGTH_MAX));
  }

  /** We end it: the host key is not the right one. */
  refuse(error: InfraError): void {
    this.#refusal = error;
  }

  /** ssh2 asks for the next method; only keys are tried, and no round trip is spent on the method `none`. */
  readonly authHandler: AuthHandlerMiddleware = (
    methods: AuthenticationType[] | null,
    _isPartial: boolean,
    next: NextAuthHandler,
  ) => {
    this.#methods = methods ?? undefined;
    const attempt = methods === null || methods.includes('publickey') ? this.#left.shift() : undefined;
    if (attempt !== undefined) this.#shown.push(attempt.label);
    next(attempt === undefined ? (false as unknown as AuthenticationType) : this.#method(attempt));
  };

  /** Why there is no session, `error` being what ssh2 said (none: the connection was closed). */
  explain(error: SessionError | undefined): InfraError {
    if (this.#refusal !== undefined) return this.#refusal;
    if (this.#hasBegun) return this.#explainLogin(error);
    const isClosed = error === undefined || error.message === 'Connection lost before handshake';
    return tcpError(isClosed ? undefined : (error as NodeJS.ErrnoException), this.#where, this.#hop.name, this.#notes);
  }

  #explainLogin(error: SessionError | undefined): InfraError {
    const { user, name: host } = this.#hop;
    const isRefused = error?.level === 'client-authentication' || typeof error?.code === 'number';
    if (!isRefused) {
      // pam_nologin(8), while the host boots or shuts down: sshd sends its words as a banner and closes, with no refusal.
      return new HostUnreachableError(`${this.#where} closed the connection while ${user} was logging in`, {
        host,
        reason: 'closed',
        detail: [...this.#notes, ...(error === undefined ? [] : [error.message.slice(0, NOTE_LENGTH_MAX)])],
        cause: error,
        remedy:
          'It may be booting or shutting down: try again in a minute. If it stays so, see journalctl -u sshd on its console.',
      });
    }
    const methods = this.#methods;
    return new AuthRefusedError(
      `${this.#where} does not let ${user} in with ${this.#shown.length === 1 ? 'this key' : 'any of these keys'}`,
      {
        host,
        detail: [
          ...this.#shown,
          ...(methods === undefined || methods.includes('publickey')
            ? []
            : [`the host accepts: ${methods.join(', ')}`]),
          ...(typeof error.code === 'number' ? [`the host said: ${error.message.slice(0, NOTE_LENGTH_MAX)}`] : []),
          ...this.#identities.notes,
          ...this.#notes,
        ],
        cause: error,
        remedy:
          this.#left.length > 0
            ? 'The host counts each key and hangs up: name the right one in the inventory, or IdentitiesOnly yes in ~/.ssh/config.'
            : `Check the user name, and that the public key is in the host's authorized keys (Ignition: passwd.users[name=${user}].ssh_authorized_keys).`,
      },
    );
  }

  #method(attempt: KeyAttempt): AnyAuthMethod {
    const username = this.#hop.user;
    if (attempt.type === 'agent') return { type: 'agent', username, agent: attempt.agent };
    return { type: 'publickey', username, key: attempt.key };
  }
}
