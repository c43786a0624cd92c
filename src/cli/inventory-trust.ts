/** `run inventory trust`: shows the key that a host offers, asks, and writes it into known_hosts. */
import type { Host } from '../inventory/model.ts';
import type { HostKey } from '../ssh/index.ts';
import { UsageError } from './errors.ts';

/** How the command talks with its user. */
export interface TrustDialogue {
  /** One line on stdout. */
  say(line: string): void;
  /** A question on stderr; undefined: there is nobody to ask. */
  readonly confirm: ((question: string) => Promise<boolean>) | undefined;
  /** `--yes`: the user has compared the fingerprint elsewhere, or it does not matter here. */
  readonly yes: boolean;
}

/** Returns whether the host is trusted now. Throws when it cannot be reached, or when known_hosts has another key for it. */
export async function trustHost(host: Host, dialogue: TrustDialogue): Promise<boolean> {
  const { addKnownHost, fingerprint, knownHostsPlace, scanHostKey } = await import('../ssh/index.ts');
  const { name, ssh } = host;
  const place = await knownHostsPlace(ssh, { name });
  for (const key of await scanHostKey(ssh, { name })) {
    const print = `${key.type} ${fingerprint(key)}`;
    // Known already, or another key is known: the first is said, the second is an error and never a question.
    if (!(await isUnknown(place, key))) {
      await addKnownHost(place.file, ssh, key, { name });
      dialogue.say(`${name}: ${print} is trusted already (${place.file})`);
      continue;
    }
    if (!(await accepts(host, print, place.name, dialogue))) {
      dialogue.say(`${name}: not trusted, nothing was written`);
      return false;
    }
    await addKnownHost(place.file, ssh, key, { name });
    dialogue.say(`${name}: ${print} is trusted from now on (${place.file})`);
  }
  return true;
}

async function isUnknown(place: { readonly file: string; readonly name: string }, key: HostKey): Promise<boolean> {
  const { readKnownHosts } = await import('../ssh/known-hosts-file.ts');
  const { judgeHostKey, lookupKeys } = await import('../ssh/known-hosts.ts');
  const known = lookupKeys(await readKnownHosts([place.file]), { name: place.name });
  return judgeHostKey(known, key).kind === 'unknown';
}

async function accepts(host: Host, print: string, address: string, dialogue: TrustDialogue): Promise<boolean> {
  dialogue.say(`${host.name} at ${address} offers ${print}`);
  if (dialogue.yes) return true;
  if (dialogue.confirm === undefined) {
    throw new UsageError(`nobody can be asked whether this key is that of ${host.name}: this is no terminal`, {
      host: host.name,
      remedy: `Compare the fingerprint with the one that the host prints on its console (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), then: run inventory trust ${host.name} --yes`,
    });
  }
  dialogue.say('On its console the host prints its own: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub');
  return dialogue.confirm('Are they the same, and should it be trusted?');
}
