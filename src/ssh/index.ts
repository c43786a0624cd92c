/** What the rest of the program uses of this folder. */
export { CONNECT_TIMEOUT_MS_DEFAULT, createTransport, type SshHost, type TransportOptions } from './connect.ts';
export type { SshEnvironment } from './environment.ts';
export * from './errors.ts';
export { fingerprint, formatPublicKey, type HostKey } from './host-key.ts';
export { opensshArgs } from './openssh-args.ts';
export { quote, quoteArgv } from './quote.ts';
export { assertSudo, sudo, sudoRefusal, sudoStdin } from './sudo.ts';
export type {
  Connection,
  ConnectOptions,
  Dialogue,
  ExecOptions,
  ExecResult,
  OutputListener,
  Transport,
} from './transport.ts';
export { addKnownHost, knownHostsPlace, scanHostKey, type TrustOptions } from './trust.ts';
