/** The peer gate in a roll-out: peers that another run has changed are looked at again before they are held to be broken. */
import { describe, expect, it } from 'vitest';
import { RefusedError } from '../../../src/engine/errors.ts';
import type { StandIns } from '../../../src/engine/members.ts';
import { provePeers } from '../../../src/engine/prove-peers.ts';
import type { RunContext } from '../../../src/engine/run-context.ts';
import type { SurveyedHost } from '../../../src/engine/survey.ts';
import { LinkLostError } from '../../../src/ssh/errors.ts';
import { desired, host } from './build.ts';

const ctx = { options: { forceUnsafe: false }, deadlines: { observeMs: 1 } } as unknown as RunContext; // only these are used

/** Each look fails on its link: that it was taken is what is counted. */
function standIns(
  refusals: number,
  error: Error = new RefusedError('its peer does not serve', { remedy: 'Repair it.' }),
) {
  const looked: string[] = [];
  let proofs = 0;
  const survey = (name: string): SurveyedHost =>
    ({
      desired: { ...desired(), host: host(name) },
      connection: {
        host: name,
        exec: async () => {
          looked.push(name);
          throw new LinkLostError('gone', { host: name, remedy: 'none' });
        },
      },
    }) as unknown as SurveyedHost; // nothing else is asked of it
  const members = {
    reached: [survey('ns1'), survey('ns2')],
    prove: async () => {
      proofs += 1;
      if (proofs <= refusals) throw error;
      return { serving: new Set(['ns2']), notes: [] };
    },
  } as unknown as StandIns;
  return { members, looked, proofs: () => proofs };
}

describe('provePeers', () => {
  it('looks at nobody again while they serve', async () => {
    const { members, looked } = standIns(0);
    expect((await provePeers(ctx, members, new Set(['ns1']))).serving).toEqual(new Set(['ns2']));
    expect(looked).toEqual([]);
  });

  it('looks at the peers, not at its targets, and proves once more', async () => {
    const { members, looked, proofs } = standIns(1);
    await provePeers(ctx, members, new Set(['ns1']));
    expect({ looked, proofs: proofs() }).toEqual({ looked: ['ns2'], proofs: 2 });
  });

  it('refuses when they do not serve then either', async () => {
    const { members, proofs } = standIns(2);
    await expect(provePeers(ctx, members, new Set(['ns1']))).rejects.toBeInstanceOf(RefusedError);
    expect(proofs()).toBe(2);
  });

  it('does not try again what is no refusal', async () => {
    const { members, looked } = standIns(1, new Error('a bug'));
    await expect(provePeers(ctx, members, new Set(['ns1']))).rejects.toThrow('a bug');
    expect(looked).toEqual([]);
  });
});
