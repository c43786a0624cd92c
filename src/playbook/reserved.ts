/** Names that belong to commands, those of later versions included: a playbook may not have one. */

/** `upgrade` is not among them: `run upgrade` is the playbook playbooks/upgrade.ts. */
export const RESERVED_NAMES: readonly string[] = [
  'copy',
  'demo',
  'exec',
  'fetch',
  'generations',
  'help',
  'history',
  'init',
  'inventory',
  'lab',
  'reboot',
  'revert',
  'rollback',
  'run',
  'schedule',
  'ssh',
  'status',
  'unlock',
];

export function isReservedName(name: string): boolean {
  return RESERVED_NAMES.includes(name);
}
