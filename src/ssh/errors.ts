/** What can go wrong between us and a host's sshd, each with what to do next. */
import { EXIT, InfraError, type InfraErrorOptions } from '../errors.ts';
import type { HostKey } from './host-key.ts';

/** Why a connection could not be made. */
export type UnreachableReason = 'dns' | 'refused' | 'no-route' | 'timeout' | 'closed' | 'protocol';

/**
 * No connection: name not found, refused, no answer in time, or closed before anybody was logged in.
 *
 * A host that boots or shuts down looks like this too (pam_nologin(8) closes the connection after the key was accepted),
 * so who waits for a reboot tries again after it, but not after an AuthRefusedError.
 */
export class HostUnreachableError extends InfraError {
  readonly code = 'E_HOST_UNREACHABLE';
  override readonly exitCode = EXIT.unreachable;
  readonly reason: UnreachableReason;

  constructor(message: string, options: InfraErrorOptions & { readonly reason: UnreachableReason }) {
    super(message, options);
    this.reason = options.reason;
  }
}

/** sshd answered and accepts none of our keys. Trying again does not help. */
export class AuthRefusedError extends InfraError {
  readonly code = 'E_AUTH_REFUSED';
  override readonly exitCode = EXIT.unreachable;
}

/** No known_hosts file has a key for this host. */
export class HostKeyUnknownError extends InfraError {
  readonly code = 'E_HOST_KEY_UNKNOWN';
  readonly offered: HostKey;

  constructor(message: string, options: InfraErrorOptions & { readonly offered: HostKey }) {
    super(message, options);
    this.offered = options.offered;
  }
}

/** known_hosts has another key for this host than the one offered. */
export class HostKeyChangedError extends InfraError {
  readonly code = 'E_HOST_KEY_CHANGED';
}

/** known_hosts says that the offered key may never be accepted (@revoked). */
export class HostKeyRevokedError extends InfraError {
  readonly code = 'E_HOST_KEY_REVOKED';
}

/** A known_hosts file that exists but cannot be read or written. */
export class KnownHostsFileError extends InfraError {
  readonly code = 'E_KNOWN_HOSTS_FILE';
}

/** A private key file that is missing, unreadable, open to others, encrypted or no key. */
export class KeyFileError extends InfraError {
  readonly code = 'E_KEY_FILE';
}

/** ~/.ssh/config says something that we cannot do (ProxyCommand), or cannot be read. */
export class SshConfigError extends InfraError {
  readonly code = 'E_SSH_CONFIG';
}

/** The connection, or the command's channel, was lost before the command's exit status arrived: nobody knows how far it came. */
export class LinkLostError extends InfraError {
  readonly code = 'E_LINK_LOST';
  override readonly exitCode = EXIT.unreachable;
}

/** A command on the host (or the opening of its channel) took longer than its deadline. It may still run there. */
export class DeadlineError extends InfraError {
  readonly code = 'E_DEADLINE';
  override readonly exitCode = EXIT.failed;
}

/** The command said more than the caller wanted to hear; it was ended. */
export class OutputTooLargeError extends InfraError {
  readonly code = 'E_OUTPUT_TOO_LARGE';
  override readonly exitCode = EXIT.failed;
}

/** sshd refused to open a channel or to start the command (MaxSessions, ForceCommand). The command did not run. */
export class ChannelRefusedError extends InfraError {
  readonly code = 'E_CHANNEL_REFUSED';
  override readonly exitCode = EXIT.failed;
}

/** The host could not, or may not, open the TCP connection that we asked it for. */
export class ForwardRefusedError extends InfraError {
  readonly code = 'E_FORWARD_REFUSED';
  override readonly exitCode = EXIT.failed;
}

/** The command ended before it read all of its input (see its result for why). */
export class InputClosedError extends InfraError {
  readonly code = 'E_INPUT_CLOSED';
  override readonly exitCode = EXIT.failed;
}

/** The caller's AbortSignal fired. `cause` is the signal's reason. */
export class AbortedError extends InfraError {
  readonly code = 'E_ABORTED';
  override readonly exitCode = EXIT.interrupted;
}

/** sudo wants a password, or does not know the user. */
export class SudoRefusedError extends InfraError {
  readonly code = 'E_SUDO_REFUSED';
  override readonly exitCode = EXIT.failed;
}

/** A value that no shell word can hold (a NUL byte). */
export class QuoteError extends InfraError {
  readonly code = 'E_QUOTE';
}
