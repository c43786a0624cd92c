/** The states of one host's upgrade as the controller sees them, and every transition that there is. Pure; docs/upgrade.md has the diagram. */

/** Final states lead nowhere. What the host itself records (armed, applied, …) is docs/protocol.md. */
export const STATES = {
  waiting: 'not begun',
  preparing: 'looked at: facts, peers, windows; the configuration that both releases need is brought up to date',
  armed: 'the slot is open: the guard is awake, Zincati held, the way back pinned',
  staged: 'the release is on disk, locked, and proven to be the one',
  rebooting: 'unlocked and told to reboot: nobody knows what comes up',
  trial: 'booted into the new release, unconfirmed',
  soaking: 'everything passes; it has to go on passing',
  'going-back': 'told to go back, or found on its way back',
  abandoning: 'what was staged is dropped; it never left the old release',
  upgraded: 'confirmed on the new release',
  abandoned: 'on the old release, which it never left',
  'rolled-back': 'on the old release again',
  refused: 'not touched',
  stuck: 'a person has to look',
} as const;
export type State = keyof typeof STATES;

export const EVENTS = {
  begin: 'its turn',
  refuse: 'peers, window, facts or a lock say no',
  open: 'slot opened',
  stage: 'staged and proven',
  drop: 'staging failed, a proof is missing, or somebody says stop',
  dropped: 'the slot is reverted, the old release is the default',
  go: 'unlock and reboot sent',
  'came-up-new': 'a new boot, into the new release',
  'came-up-old': 'a new boot, into the old release',
  'no-reboot': 'the host refused the last step',
  lost: 'it does not come back in time, or into something else',
  prove: 'configuration, units and probes are green',
  fail: 'a check or a probe is red',
  confirm: 'soaked, confirmed over a fresh connection',
  'went-back': 'on the old release, recorded as reverted',
  'was-confirmed': 'the host says that it is confirmed: only the answer had been lost',
} as const;
export type Event = keyof typeof EVENTS;

/** From a state, by an event, to a state. What is not here does not happen. */
export const TRANSITIONS: { readonly [S in State]: { readonly [E in Event]?: State } } = {
  waiting: { begin: 'preparing' },
  preparing: { open: 'armed', refuse: 'refused' },
  armed: { stage: 'staged', drop: 'abandoning' },
  staged: { go: 'rebooting', drop: 'abandoning' },
  rebooting: {
    'came-up-new': 'trial',
    'came-up-old': 'going-back',
    'no-reboot': 'abandoning',
    'went-back': 'rolled-back',
    lost: 'stuck',
  },
  trial: {
    prove: 'soaking',
    fail: 'going-back',
    'came-up-old': 'going-back',
    'went-back': 'rolled-back',
    lost: 'stuck',
  },
  soaking: {
    confirm: 'upgraded',
    fail: 'going-back',
    'came-up-old': 'going-back',
    'went-back': 'rolled-back',
    lost: 'stuck',
  },
  'going-back': { 'went-back': 'rolled-back', 'was-confirmed': 'upgraded', lost: 'stuck' },
  abandoning: { dropped: 'abandoned', 'came-up-new': 'going-back', lost: 'stuck' },
  upgraded: {},
  abandoned: {},
  'rolled-back': {},
  refused: {},
  stuck: {},
};

export function isFinal(state: State): boolean {
  return Object.keys(TRANSITIONS[state]).length === 0;
}

/** Throws for a transition that is not in the table: that is a fault of ours, not of a host. */
export function transition(state: State, event: Event): State {
  const next = TRANSITIONS[state][event];
  if (next === undefined) throw new Error(`an upgrade that is ${state} cannot ${event}`);
  return next;
}

/** From here on the host may come up with something else than it had: only the host's own record tells how it ended. */
export function isIrreversible(state: State): boolean {
  return state === 'rebooting' || state === 'trial' || state === 'soaking' || state === 'going-back';
}

/** mermaid: the diagram of docs/upgrade.md, made from the table so that it cannot lie. */
export function diagram(): string {
  const edges = Object.entries(TRANSITIONS).flatMap(([from, events]) =>
    Object.entries(events).map(([event, to]) => `  ${id(from)} --> ${id(to)}: ${event}`),
  );
  const ends = (Object.keys(STATES) as State[]).filter(isFinal).map((state) => `  ${id(state)} --> [*]`);
  return ['stateDiagram-v2', '  [*] --> waiting', ...edges, ...ends].join('\n');
}

function id(state: string): string {
  return state.replaceAll('-', '_');
}
