/** The keys that are shown to a host, from files and the agent, in the order in which they are tried. */
import type { AuthenticationType, BaseAgent, ParsedKey } from 'ssh2';
import { type AgentKey, listAgentKeys } from './agent.ts';
import { KeyFileError } from './errors.ts';
import { fingerprint, type HostKey } from './host-key.ts';
import { type LoadedKey, loadKeyFile } from './key-file.ts';
import type { SshLibrary } from './library.ts';
import { quoteArgv } from './quote.ts';
import type { IdentitySources } from './route.ts';

/** One key to try. */
export type KeyAttempt = { readonly label: string; readonly publicKey: HostKey } & (
  | { readonly type: Extract<AuthenticationType, 'publickey'>; readonly key: ParsedKey }
  | { readonly type: Extract<AuthenticationType, 'agent'>; readonly agent: BaseAgent }
);

export interface Identities {
  readonly attempts: readonly KeyAttempt[];
  /** Keys that were there and could not be used, one line each: shown when the host refuses the others. */
  readonly notes: readonly string[];
}

/**
 * Collects the keys: those of the named files first (from the agent where the file is encrypted or only public), then the
 * other keys of the agent, then the usual files. The agent is asked only if it may matter.
 * @throws KeyFileError if a key named by the inventory cannot be used, or if no key can be.
 */
export async function loadIdentities(sources: IdentitySources, library: SshLibrary, host: string): Promise<Identities> {
  const loaded = await Promise.all(sources.files.map((path) => loadKeyFile(path, library)));
  const needsAgent = !sources.identitiesOnly || loaded.some((one) => one.kind === 'agent-only');
  const agent = needsAgent ? await listAgentKeys(sources.agentSocket, library) : { keys: [], note: undefined };
  const problems: KeyFileError[] = [];
  const fromFiles: KeyAttempt[] = [];
  for (const one of loaded) {
    const attempt = attemptFor(one, agent.keys);
    if (attempt !== undefined) fromFiles.push(attempt);
    else if (one.kind !== 'ready' && (one.kind !== 'missing' || sources.areNamed))
      problems.push(keyProblem(one, host, agent.note));
  }
  const [problem] = problems;
  const isTheOnlyOne = sources.areNamed && sources.identitiesOnly && sources.files.length === 1;
  if (problem !== undefined && isTheOnlyOne) throw problem;
  const fromAgent = sources.identitiesOnly ? [] : agent.keys.map(agentAttempt);
  const attempts = uniqueKeys(sources.areNamed ? [...fromFiles, ...fromAgent] : [...fromAgent, ...fromFiles]);
  if (attempts.length === 0) throw problem ?? noKey(sources, host, agent.note);
  return {
    attempts,
    notes: [...problems.map((one) => one.message), ...(agent.note === undefined ? [] : [agent.note])],
  };
}

function attemptFor(loaded: LoadedKey, agentKeys: readonly AgentKey[]): KeyAttempt | undefined {
  if (loaded.kind === 'ready') {
    const { key, publicKey, path } = loaded;
    return { type: 'publickey', key, publicKey, label: `${path} (${describe(publicKey)})` };
  }
  if (loaded.kind !== 'agent-only') return undefined;
  const held = agentKeys.find((one) => loaded.publicKey?.blob.equals(one.publicKey.blob));
  return held && { ...agentAttempt(held), label: `${loaded.path} by the agent (${describe(held.publicKey)})` };
}

function agentAttempt({ agent, publicKey, comment }: AgentKey): KeyAttempt {
  return { type: 'agent', agent, publicKey, label: `the agent's ${comment} (${describe(publicKey)})` };
}

/** Each try counts against sshd's MaxAuthTries (6), so no key is shown twice. */
function uniqueKeys(attempts: readonly KeyAttempt[]): KeyAttempt[] {
  return attempts.filter(
    (one, index) => attempts.findIndex((other) => other.publicKey.blob.equals(one.publicKey.blob)) === index,
  );
}

function describe(key: HostKey): string {
  return `${key.type} ${fingerprint(key)}`;
}

function keyProblem(
  loaded: Exclude<LoadedKey, { kind: 'ready' }>,
  host: string,
  agentNote: string | undefined,
): KeyFileError {
  const { path } = loaded;
  const common = { host, where: { file: path } };
  switch (loaded.kind) {
    case 'missing':
      return new KeyFileError(`${path}: no such key file`, {
        ...common,
        remedy: 'Correct the path, or make a key with ssh-keygen -t ed25519.',
      });
    case 'unusable':
      return new KeyFileError(`${path}: ${loaded.why}`, { ...common, remedy: loaded.remedy, cause: loaded.cause });
    case 'agent-only':
      return new KeyFileError(
        `${path} is ${loaded.isEncrypted ? 'encrypted' : 'a public key'}, and no agent holds the key`,
        {
          ...common,
          detail: agentNote === undefined ? [] : [agentNote],
          remedy: loaded.isEncrypted
            ? `Give it to the agent: ${quoteArgv(['ssh-add', path])}`
            : 'Give the private key to the agent with ssh-add, or name its file.',
        },
      );
  }
}

function noKey(sources: IdentitySources, host: string, agentNote: string | undefined): KeyFileError {
  return new KeyFileError('there is no SSH key to log in with', {
    host,
    detail: [`looked for ${sources.files.join(', ') || 'no file'}`, agentNote ?? 'the agent holds no key'],
    remedy:
      'Make one with ssh-keygen -t ed25519 and give its public half to the host (Ignition: passwd.users[].ssh_authorized_keys), or name one in the inventory.',
  });
}
