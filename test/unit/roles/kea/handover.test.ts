/** What the server that stays does beside a reload of its partner: by bash, with Kea played. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { STAY_OPEN } from '../../../../roles/kea/handover.ts';

/** What was done, the other one seen in these states one after the other. */
function beside(local: string, ...others: readonly string[]): string {
  const script = `${STAY_OPEN}
others=(${others.map((state) => `'${state}'`).join(' ')})
step=-1
sleep() { ((++step < \${#others[@]})); }
other() { echo "\${others[step]}"; }
look() { local=${local}; [[ $local != none ]]; }
is_normal() { [[ $1 == hot-standby ]]; }
stay_open() { echo open; }
stop_staying_open() { echo shut; }
stay_open_for_partner
`;
  return spawnSync('bash', { input: script, encoding: 'utf8' }).stdout.trim().replaceAll('\n', ' ');
}

describe('a server whose partner is reloaded', () => {
  it('goes on serving as long as the other one synchronises', () => {
    expect(beside('hot-standby', 'hot-standby', '', 'waiting', 'syncing', 'ready', 'hot-standby')).toBe(
      'shut shut open open open shut',
    );
  });

  it.each(['partner-down', 'waiting', 'none'])(
    'does not in state %s, in which it tells nobody of the leases that it gives',
    (local) => {
      expect(beside(local, 'waiting', 'syncing')).toBe('shut shut');
    },
  );
});
