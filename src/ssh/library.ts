/** node-ssh and the ssh2 underneath, loaded when the first connection is made: `run --help` does not pay for them. */

export interface SshLibrary {
  readonly NodeSSH: typeof import('node-ssh').NodeSSH;
  readonly ssh2: typeof import('ssh2');
}

let loading: Promise<SshLibrary> | undefined;

/** Loads both once (docs/ssh.md has the milliseconds). Callers start the TCP connection first, which goes on meanwhile. */
export function loadLibrary(): Promise<SshLibrary> {
  loading ??= (async () => {
    const [{ NodeSSH }, ssh2] = await Promise.all([import('node-ssh'), import('ssh2')]);
    return { NodeSSH, ssh2: ssh2.default };
  })();
  return loading;
}
