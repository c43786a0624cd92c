/** Who may log in, and what they are told. Pure. */
import { directory, file, type Resource, unit } from 'coreos-infra';
import type { BaseVars } from './vars.schema.ts';

const KEYS_FOLDER = '/etc/ssh/authorized_keys.d';
const DROP_IN_FOLDER = '/etc/ssh/sshd_config.d';
/** The first word on a setting wins (sshd_config(5)): before the files of the image. */
const DROP_IN = `${DROP_IN_FOLDER}/10-coreos-infra-keys.conf`;
const HEADER = '# Written by coreos-infra (role base). Changes made here are replaced by the next run.\n';

/**
 * In /etc/ssh, not below the user's home: root does not write into a folder in which somebody else may put links. The user's own files, and
 * Ignition's, stay valid beside them.
 */
export function loginResources(keys: BaseVars['authorized_keys'], sshdUnit: string): readonly Resource[] {
  const users = Object.entries(keys).filter(([, lines]) => lines.length > 0);
  if (users.length === 0) return [];
  const files = users.map(([user, lines]) =>
    file(`${KEYS_FOLDER}/${user}`, { content: `${HEADER}${lines.map((line) => `${line.trim()}\n`).join('')}` }),
  );
  const dropIn = file(DROP_IN, {
    content: `${HEADER}AuthorizedKeysFile .ssh/authorized_keys .ssh/authorized_keys.d/ignition ${KEYS_FOLDER}/%u\n`,
    mode: 0o600,
    validate: {
      name: 'sshd',
      argv: ['/usr/sbin/sshd', '-t', '-f', '{dir}/sshd.conf'],
      timeoutSec: 10,
      preview: [{ path: DROP_IN, as: 'sshd.conf' }],
      scratch: [],
    },
  });
  return [directory(KEYS_FOLDER), ...files, dropIn, unit(sshdUnit, { reloadOn: [dropIn], order: 2, settleSec: 1 })];
}

export function motdResources(motd: string): readonly Resource[] {
  return [directory('/etc/motd.d'), file('/etc/motd.d/50-coreos-infra', { content: `${motd.trimEnd()}\n` })];
}
