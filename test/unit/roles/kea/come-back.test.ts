/** Each state in which the two servers of a pair can be found on their way back together, and what is done about it: by bash, with Kea played. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { comeBackFunctions } from '../../../../roles/kea/come-back.ts';
import { linkFunctions } from '../../../../roles/kea/pair-link.ts';
import { pairFunctions } from '../../../../roles/kea/pair-scripts.ts';
import { daemonOf } from '../../../../src/kea/daemon.ts';
import type { HaPeer, HaSettings } from '../../../../src/kea/model.ts';

const STAYS: HaPeer = { name: 'ns2', address: '192.0.2.12', role: 'standby' };
const GOES: HaPeer = { name: 'ns1', address: '192.0.2.11', role: 'primary' };
const HA: HaSettings = {
  thisServer: 'ns1',
  mode: 'hot-standby',
  port: 8001,
  heartbeatMs: 1_000,
  maxResponseDelayMs: 5_000,
  maxAckDelayMs: 5_000,
  maxUnackedClients: 0,
  maxRejectedLeaseUpdates: 10,
  peers: [GOES, STAYS],
};

interface Seen {
  /** What `look` finds, one after the other; the last one from then on. */
  readonly local: readonly string[];
  readonly other: string;
  /** The other one's state as of the last heartbeat; default: as it is. */
  readonly remote?: string;
  readonly served?: boolean;
  /** Set beforehand, in bash. */
  readonly before?: string;
  /** What the server says of leases that it has told nobody of. */
  readonly unsent?: number;
}

const BOTH = 'ha-scopes,"arguments":{"scopes":["ns1"]}';
const COME_BACK = 'if come_back; then echo over >&2; fi';

/** What was done, and whether all is over. */
function comeBack(
  { local, other, remote = other, served = true, before = '', unsent = 0 }: Seen,
  command = COME_BACK,
): readonly string[] {
  const script = `${pairFunctions(daemonOf(4), 'http://192.0.2.11:8001/')}${linkFunctions(daemonOf(4), HA, GOES)}${comeBackFunctions(daemonOf(4), HA, STAYS)}
insisting='' open=''
found=(${local.join(' ')})
look() {
  local=\${found[0]} remote=${remote} touch=true served=${served} scopes='[]' own='[]' all='["ns1"]'
  ((\${#found[@]} == 1)) || found=("\${found[@]:1}")
  [[ $local != none ]]
}
other() { echo '${other}'; }
unsent() { echo ${unsent}; }
kea() { echo "$2\${3-}" >&2; }
tell() { echo "tell $1" >&2; }
sleep() { :; }
stay_open() { echo stay_open >&2; open=1; }
stop_staying_open() { [[ -z $open ]] || echo stop_staying_open >&2; open=''; }
for name in insist relent hold release part meet; do eval "$name() { echo $name >&2; }"; done
${before}
${command}
`;
  const { stderr } = spawnSync('bash', { input: script, encoding: 'utf8' });
  return stderr.split('\n').filter((line) => line !== '');
}

describe('a server whose partner comes back', () => {
  it('keeps it from synchronising at once, since it would be switched off from then on', () => {
    expect(comeBack({ local: ['partner-down'], other: 'waiting', remote: 'unavailable' })).toEqual([
      'tell ha-maintenance-notify',
    ]);
  });

  it('waits until it knows of it by its own heartbeat: it would be taken for lost', () => {
    expect(comeBack({ local: ['partner-down'], other: 'in-maintenance', remote: 'unavailable' })).toEqual([]);
  });

  it('lets it go when no heartbeat tells of it: each serves alone', () => {
    const seen = { local: ['partner-down'], remote: 'unavailable', before: 'SECONDS=100 unseen=90' };
    expect(comeBack({ ...seen, other: 'in-maintenance' })).toEqual(['tell ha-reset']);
    expect(comeBack({ ...seen, other: 'waiting' })).toEqual([]);
  });

  it('goes where it tells of each lease, and lets it synchronise then', () => {
    expect(comeBack({ local: ['partner-down', 'partner-in-maintenance'], other: 'in-maintenance' })).toEqual([
      'ha-maintenance-start',
      'stay_open',
      'tell ha-reset',
    ]);
  });

  it('lets nothing synchronise when it did not get there', () => {
    expect(comeBack({ local: ['partner-down'], other: 'in-maintenance' })).toEqual(['ha-maintenance-start']);
  });

  it('goes on serving when it came too late, and was switched off', () => {
    expect(comeBack({ local: ['partner-down'], other: 'ready', served: false })).toEqual(['ha-maintenance-start']);
    expect(comeBack({ local: ['partner-down'], other: 'ready' })).toEqual([]);
  });

  it.each(['waiting', 'syncing', ''])('does nothing while the other one is %j in its maintenance', (other) => {
    expect(comeBack({ local: ['partner-in-maintenance'], other })).toEqual([]);
  });

  it('does not wait for the heartbeat of one that is ready', () => {
    const before = 'other() { echo "${told:-ready}"; }; tell() { echo "tell $1" >&2; told=in-maintenance; }';
    expect(comeBack({ local: ['partner-in-maintenance'], other: '', before })).toEqual([
      'tell ha-maintenance-notify',
      'insist',
      'hold',
      'ha-maintenance-cancel',
    ]);
  });

  it('ends the maintenance of one that only a heartbeat tells of, but not before the state is left', () => {
    const seen = { local: ['partner-in-maintenance'], other: '', remote: 'in-maintenance' };
    expect(comeBack(seen)).toEqual([]);
    expect(comeBack({ ...seen, before: 'leaving=1' })).toEqual(['insist', 'hold', 'ha-maintenance-cancel']);
  });

  it.each(['partner-down', 'waiting', 'none'])(
    'does not stay open, found in state %s: it would tell nobody of the leases that it gives',
    (local) => {
      expect(comeBack({ local: [local], other: 'syncing', before: 'open=1' })).toContain('stop_staying_open');
    },
  );

  it('stays open as long as the other one synchronises, and no longer', () => {
    const open = { before: 'open=1' };
    expect(comeBack({ ...open, local: ['partner-in-maintenance'], other: 'syncing' })).toEqual([]);
    expect(comeBack({ ...open, local: ['partner-in-maintenance'], other: 'in-maintenance' })[0]).toBe(
      'stop_staying_open',
    );
    expect(comeBack({ ...open, local: ['hot-standby'], other: 'syncing' })).toEqual([BOTH]);
    expect(comeBack({ ...open, local: ['hot-standby'], other: 'hot-standby' })).toEqual(['stop_staying_open', 'over']);
  });

  it('takes as told what was told of in its maintenance, and nothing else', () => {
    const local = ['partner-down', 'partner-in-maintenance'];
    const command = `${COME_BACK}; unsent() { echo 9; }; come_back; echo "unsent $unsent" >&2`;
    expect(comeBack({ local, other: 'in-maintenance', unsent: 4 }, command)).toContain('unsent 4');
  });

  it('ends the maintenance once it is synchronised, and serves both parts meanwhile', () => {
    expect(comeBack({ local: ['partner-in-maintenance'], other: 'in-maintenance' })).toEqual([
      'insist',
      'hold',
      'ha-maintenance-cancel',
    ]);
  });

  const normal = { local: ['hot-standby'], other: 'ready' } as const;

  it('has it synchronise once more when leases were given that it was not told of', () => {
    const before = 'unsent=3 insisting=1';
    expect(comeBack({ ...normal, before, unsent: 3 })).toEqual(['release', 'relent', BOTH]);
    expect(comeBack({ ...normal, before, unsent: 4 })).toEqual([
      'stay_open',
      'tell ha-reset',
      'release',
      'relent',
      BOTH,
    ]);
  });

  it('serves both parts until the other one serves, and then its own', () => {
    expect(comeBack(normal)).toEqual([BOTH]);
    expect(comeBack({ local: ['hot-standby'], other: 'hot-standby' })).toEqual(['over']);
    const none = 'ha-scopes,"arguments":{"scopes":[]}';
    expect(comeBack({ local: ['hot-standby'], other: 'hot-standby', before: 'insisting=1' })).toEqual([
      'relent',
      BOTH,
      none,
      'over',
    ]);
  });

  it.each(['none', 'waiting', 'terminated'])('has nothing to do any more when it is found in state %s', (local) => {
    expect(comeBack({ local: [local], other: 'hot-standby' })).toEqual(['relent', 'over']);
  });
});

describe('a server whose partner goes down once more', () => {
  const command = 'look; if is_lost; then take_over; fi';

  it('serves alone at once', () => {
    expect(comeBack({ local: ['hot-standby'], other: '' }, command)).toEqual(['part', 'ha-maintenance-start', 'meet']);
  });

  it.each([
    ['hot-standby', 'waiting'],
    ['partner-down', ''],
    ['partner-in-maintenance', ''],
  ])('does nothing in state %s, the other one in %j', (local, other) => {
    expect(comeBack({ local: [local], other }, command)).toEqual([]);
  });
});

describe('the link between the two', () => {
  it.each([
    ['192.0.2.11', 'ip'],
    ['2001:db8::11', 'ip6'],
  ])('to %s is taken in hand by rules that end by themselves', (address, family) => {
    const script = `${linkFunctions(daemonOf(4), { ...HA, heartbeatMs: 2_500 }, { ...GOES, address })}
nft() { echo "nft $*"; [[ $1 != -f ]] || cat; }
part; meet; hold; release`;
    const { stdout, stderr, status } = spawnSync('bash', { input: script, encoding: 'utf8' });
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    expect(stdout).toContain(
      `${family} daddr ${address} tcp flags & (syn | ack) == syn tcp dport @port reject with tcp reset`,
    );
    expect(stdout).toContain(`${family} saddr ${address} tcp dport @port drop`);
    expect(stdout.match(/add element inet \S+ port \{ 8001 timeout 6s \}/g)).toHaveLength(2);
    expect(stdout.match(/^nft delete table inet \S+$/gm)).toEqual([
      'nft delete table inet coreos_infra_kea4_parted',
      'nft delete table inet coreos_infra_kea4_held',
    ]);
  });
});
