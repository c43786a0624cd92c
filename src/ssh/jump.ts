/** The value of ProxyJump: `[user@]host[:port]` or `ssh://…`, separated by commas (ssh_config(5)). Pure. */
import { SshConfigError } from './errors.ts';

export interface JumpSpec {
  readonly user?: string;
  readonly host: string;
  readonly port?: number;
}

/** @throws SshConfigError for a hop that is neither form. */
export function parseJumps(value: string): readonly JumpSpec[] {
  return value.split(',').map((part) => parseJump(part.trim()));
}

function parseJump(text: string): JumpSpec {
  const rest = text.replace(/^ssh:\/\//, '').replace(/\/$/, '');
  const at = rest.lastIndexOf('@');
  const user = at > 0 ? rest.slice(0, at) : undefined;
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)|([0-9a-fA-F:]+:[0-9a-fA-F:]*))(?::(\d+))?$/.exec(rest.slice(at + 1));
  const host = match?.[1] ?? match?.[2] ?? match?.[3];
  const port = match?.[4] === undefined ? undefined : Number(match[4]);
  if (host === undefined || host.startsWith('-') || (port !== undefined && (port < 1 || port > 65_535))) {
    throw new SshConfigError(`ProxyJump: ${JSON.stringify(text)} is no host`, {
      remedy: 'Write [user@]host[:port], several separated by commas; an IPv6 address with a port in brackets.',
    });
  }
  return { host, ...(user === undefined ? {} : { user }), ...(port === undefined ? {} : { port }) };
}
