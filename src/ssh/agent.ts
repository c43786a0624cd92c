/** The keys that ssh-agent holds, one signer for each. */
import type { BaseAgent, IdentityCallback, ParsedKey, SignCallback, SigningRequestOptions } from 'ssh2';
import { type HostKey, parseKeyBlob } from './host-key.ts';
import type { SshLibrary } from './library.ts';

export interface AgentKey {
  readonly publicKey: HostKey;
  readonly comment: string;
  /** An agent that knows this key alone, so that we decide which is tried when. */
  readonly agent: BaseAgent;
}

export interface AgentKeys {
  readonly keys: readonly AgentKey[];
  /** Why there is none, for the message when nothing else works. An agent that is gone is no error by itself, as for ssh. */
  readonly note: string | undefined;
}

/** Asks the agent at `socket` for its keys. Never rejects; the caller's deadline bounds an agent that does not answer. */
export function listAgentKeys(socket: string | undefined, library: SshLibrary): Promise<AgentKeys> {
  if (socket === undefined) return Promise.resolve({ keys: [], note: 'no agent (SSH_AUTH_SOCK is not set)' });
  return new Promise((resolve) => {
    const agent = library.ssh2.createAgent(socket);
    agent.getIdentities((error, identities) => {
      if (error) return resolve({ keys: [], note: `the agent at ${socket} does not answer: ${error.message}` });
      const keys = (identities ?? []).flatMap((identity) => toAgentKey(identity as ParsedKey, agent, library));
      resolve({ keys, note: keys.length === 0 ? `the agent at ${socket} holds no key` : undefined });
    });
  });
}

function toAgentKey(identity: ParsedKey, agent: BaseAgent, library: SshLibrary): AgentKey[] {
  const publicKey = parseKeyBlob(identity.getPublicSSH());
  if (publicKey === undefined) return [];
  class OneKeyAgent extends library.ssh2.BaseAgent {
    getIdentities(callback: IdentityCallback): void {
      callback(null, [identity]);
    }
    override sign(key: ParsedKey, data: Buffer, options: SigningRequestOptions, callback?: SignCallback): void;
    override sign(key: ParsedKey, data: Buffer, callback: SignCallback): void;
    override sign(
      key: ParsedKey,
      data: Buffer,
      options: SigningRequestOptions | SignCallback,
      callback?: SignCallback,
    ): void {
      if (typeof options === 'function') agent.sign(key, data, options);
      else agent.sign(key, data, options, callback);
    }
  }
  return [{ publicKey, comment: identity.comment || '(no comment)', agent: new OneKeyAgent() }];
}
