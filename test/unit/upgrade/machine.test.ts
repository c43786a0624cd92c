/** The state machine of an upgrade: every transition that there is, every one that there is not, and the picture of it in the docs. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../../src/assets.ts';
import {
  diagram,
  EVENTS,
  type Event,
  isFinal,
  isIrreversible,
  STATES,
  type State,
  TRANSITIONS,
  transition,
} from '../../../src/upgrade/machine.ts';

const states = Object.keys(STATES) as State[];
const events = Object.keys(EVENTS) as Event[];
const all = states.flatMap((state) => events.map((event) => [state, event, TRANSITIONS[state][event]] as const));
const legal = all.filter(([, , to]) => to !== undefined);
const illegal = all.filter(([, , to]) => to === undefined);

describe('the upgrade of a host', () => {
  test.each(legal)('that is %s may %s, and then is %s', (from, event, to) => {
    expect(transition(from, event)).toBe(to);
  });

  test.each(illegal)('that is %s may not %s', (from, event) => {
    expect(() => transition(from, event)).toThrow(`an upgrade that is ${from} cannot ${event}`);
  });

  test('ends from every state, whatever happens', () => {
    const reach = (from: State): Set<State> => {
      const seen = new Set<State>([from]);
      for (const state of seen) for (const to of Object.values(TRANSITIONS[state])) seen.add(to);
      return seen;
    };
    for (const state of states) expect([...reach(state)].some(isFinal), state).toBe(true);
    expect([...reach('waiting')].sort()).toEqual([...states].sort());
  });

  test('is confirmed only after its soak, or by the host’s own word', () => {
    const into = legal.filter(([, , to]) => to === 'upgraded').map(([from, event]) => `${from} ${event}`);
    expect(into).toEqual(['soaking confirm', 'going-back was-confirmed']);
  });

  test('is called abandoned only while nothing irreversible was done, and only then is dropping a way out', () => {
    for (const [from, , to] of legal) {
      if (to === 'abandoning' && from !== 'rebooting') expect(isIrreversible(from), from).toBe(false);
      if (isIrreversible(from) && from !== 'rebooting') expect(to).not.toBe('abandoning');
    }
  });

  test('is refused only from what it was before the slot was opened', () => {
    expect(legal.filter(([, , to]) => to === 'refused').map(([from]) => from)).toEqual(['preparing']);
  });

  test('is drawn in the docs as it is', () => {
    const docs = readFileSync(join(packageRoot(), 'docs/upgrade.md'), 'utf8');
    expect(docs).toContain(`\`\`\`mermaid\n${diagram()}\n\`\`\``);
  });
});
