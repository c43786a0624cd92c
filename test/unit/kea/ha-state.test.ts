/** What Kea says of itself, as captured from 2.6.3, and what follows from it. */
import { describe, expect, it } from 'vitest';
import { judgeService, notNormal, parseStatus } from '../../../src/kea/ha-state.ts';
import { statusAnswer } from './status.ts';

const statusOf = (options: Parameters<typeof statusAnswer>[0]) => {
  const status = parseStatus(statusAnswer(options));
  if (status === undefined) throw new Error('it is an answer');
  return status;
};

describe('the answer to status-get', () => {
  it('is read', () => {
    expect(statusOf({ state: 'hot-standby' })).toEqual({
      state: 'hot-standby',
      role: 'primary',
      scopes: ['ns1'],
      partner: { state: 'hot-standby', inTouch: true, ageSec: 0, interrupted: false },
      disabled: false,
      sockets: 'ready',
    });
  });

  it.each(['', 'null', '[]', '{"result":1,"text":"no"}', '{"result":0}', '{"result":0,"arguments":[]}', '<html>'])(
    'is none when Kea says %j',
    (text) => {
      expect(parseStatus(text)).toBeUndefined();
    },
  );

  it('is not repeated where a state is no word', () => {
    expect(statusOf({ state: '\u001b[31mhot-standby; rm -rf /' }).state).toBeUndefined();
  });
});

describe('a server', () => {
  it.each([
    ['hot-standby', true],
    ['load-balancing', true],
    ['partner-down', true],
    ['partner-in-maintenance', true],
    ['waiting', false],
    ['syncing', false],
    ['ready', false],
    ['in-maintenance', false],
    ['terminated', false],
    ['communication-recovery', false],
    ['a-state-of-tomorrow', false],
  ])('in state %s serves: %s', (state, ok) => {
    const verdict = judgeService(statusOf({ state }));
    expect(verdict.ok).toBe(ok);
    expect(verdict.detail).toContain(state);
  });

  it.each([
    ['waiting', true],
    ['syncing', true],
    ['ready', true],
    ['in-maintenance', true],
    ['hot-standby', undefined],
    ['partner-down', undefined],
    ['terminated', undefined],
    ['communication-recovery', undefined],
    ['a-state-of-tomorrow', undefined],
  ])('in state %s is on its way to its normal state: %s', (state, settling) => {
    expect(judgeService(statusOf({ state })).settling).toBe(settling);
  });

  it('that serves alone passes with a warning', () => {
    expect(judgeService(statusOf({ state: 'partner-down' })).warning).toContain('alone');
  });

  it.each([
    [{ sockets: 'retrying' }, 'its DHCP sockets are retrying'],
    [{ inTouch: false }, 'not in touch'],
    [{ interrupted: true }, 'not in touch'],
    [{ disabled: true }, 'switched off'],
  ] as const)('with %j does not serve', (options, detail) => {
    const verdict = judgeService(statusOf({ state: 'hot-standby', ...options }));
    expect(verdict).toMatchObject({ ok: false, detail: expect.stringContaining(detail) });
  });

  it('is normal when it says so itself, and is in touch with its partner', () => {
    expect(notNormal(statusOf({ state: 'hot-standby' }))).toBeUndefined();
    expect(notNormal(statusOf({ state: 'hot-standby', partner: 'unavailable' }))).toBeUndefined();
    expect(notNormal(statusOf({ state: 'hot-standby', inTouch: false }))).toContain('not in touch');
    expect(notNormal(statusOf({ state: 'waiting', partner: 'unavailable', inTouch: false }))).toBe(
      'is in state waiting; it sees its partner as unavailable, not in touch',
    );
  });
});
