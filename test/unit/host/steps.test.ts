import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HostAnswerError } from '../../../src/host/errors.ts';
import { applyPoints } from '../../../src/host/points.ts';
import { joinScripts } from '../../../src/host/scripts.ts';
import { APPLY_STEPS, parseStep } from '../../../src/host/steps.ts';

const line = (value: object): string => JSON.stringify(value);

describe('parseStep', () => {
  it('reads each kind of line', () => {
    expect(parseStep(line({ step: 'unit', unit: 'a.service', action: 'restart' }))).toEqual({
      kind: 'step',
      step: 'unit',
      what: 'a.service',
      action: 'restart',
    });
    expect(parseStep(line({ step: 'ready', generation: '7' }))).toEqual({ kind: 'ready', generation: 7 });
    expect(parseStep(line({ step: 'applied', id: 'x', generation: '7', later: [1] }))).toEqual({
      kind: 'applied',
      id: 'x',
      generation: 7,
    });
    expect(parseStep(line({ step: 'reverted', id: 'x', notUndone: 'command:a, command:b' }))).toEqual({
      kind: 'reverted',
      id: 'x',
      notUndone: ['command:a', 'command:b'],
    });
    expect(parseStep(line({ step: 'reverted', id: 'x', notUndone: '' }))).toMatchObject({ notUndone: [] });
    expect(parseStep(line({ step: 'command', id: 'c' }))).toEqual({
      kind: 'step',
      step: 'command',
      what: 'c',
      action: '',
    });
    expect(parseStep(line({ step: 'command', id: 'c', output: 'a\nb' }))).toEqual({
      kind: 'output',
      id: 'c',
      output: 'a\nb',
    });
    expect(parseStep(line({ step: 'status', id: 'x', state: 'applied', generation: '', reason: '' }))).toEqual({
      kind: 'status',
      id: 'x',
      state: 'applied',
      generation: 0,
      reason: '',
    });
    expect(
      parseStep(
        line({ step: 'generation', generation: '3', id: 'x', run: 'r', owner: 'o', files: '4', at: '1795205635' }),
      ),
    ).toMatchObject({ kind: 'generation', at: 1795205635000 });
  });

  it('keeps who holds a host, with what is known of times', () => {
    const locked = { step: 'acquire', error: 'locked', message: 'm', owner: 'o', run: 'r', purpose: 'p', detail: [] };
    expect(parseStep(line({ ...locked, heldForSec: '4', expiresInSec: '-2' }))).toMatchObject({
      kind: 'error',
      error: 'locked',
      holder: { owner: 'o', run: 'r', purpose: 'p', heldForSec: 4, expiresInSec: -2 },
    });
    expect(parseStep(line({ ...locked, slot: 'id', state: 'applied', expiresInSec: '' }))).toMatchObject({
      holder: { slot: { id: 'id', state: 'applied' } },
    });
    expect(parseStep(line({ step: 'check', error: 'stale', message: 'm', detail: ['a'] }))).toEqual({
      kind: 'error',
      step: 'check',
      error: 'stale',
      message: 'm',
      detail: ['a'],
    });
  });

  it('takes control characters out of everything that is shown', () => {
    const step = parseStep(
      line({ step: 'validate', error: 'validation', message: 'a\u001b[2Jb', detail: ['x\ry', 3, '\u009b1m'] }),
    );
    expect(step).toMatchObject({ message: 'a [2Jb', detail: ['x y', ' 1m'] });
  });

  it('refuses with a HostAnswerError whatever is no line of the helper', () => {
    for (const text of [
      '',
      'bash: jq: command not found',
      '[]',
      '1',
      'null',
      '{}',
      '{"step":1}',
      '{"step":"a"',
      `{"step":"${'x'.repeat(300_000)}"}`,
    ])
      expect(() => parseStep(text), text.slice(0, 40)).toThrow(HostAnswerError);
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        try {
          parseStep(text);
        } catch (error) {
          expect(error).toBeInstanceOf(HostAnswerError);
        }
      }),
    );
  });
});

describe('APPLY_STEPS', () => {
  it('are the steps that the shell says, in the order of apply', () => {
    const said = new Set(
      [
        ...joinScripts(['apply', 'images', 'secrets', 'validate', 'swap', 'units']).matchAll(/^\s*step ([a-z-]+)/gm),
      ].map(([, name]) => name),
    );
    expect(new Set(APPLY_STEPS)).toEqual(said);
    // The change sets that are broken at every point have no podman secret: test/lab/secrets.test.ts has.
    said.delete('secrets');
    expect(applyPoints()).toEqual(expect.arrayContaining([...said]));
  });
});
