/** What a run looks like so far: events folded into one value, from which every view is drawn. No I/O, no clock. */
import type { EngineEvent, HostStatus, RunEvent, Summary } from '../engine/events.ts';

type HostDone = Extract<EngineEvent, { readonly event: 'host-done' }>;
type HostPlan = Extract<EngineEvent, { readonly event: 'host-plan' }>;
type RunStarted = Extract<EngineEvent, { readonly event: 'run-started' }>;
type Warning = Extract<EngineEvent, { readonly event: 'warning' }>;

export interface HostView {
  readonly name: string;
  readonly observed: boolean;
  /** The last plan with changes. */
  readonly plan?: HostPlan;
  /** What is going on now; undefined before the first step of a change and when it is over. */
  readonly step?: { readonly step: string; readonly message: string; readonly at: string };
  readonly done?: HostDone;
  /** How it ended in the play at hand, where several playbooks are run as one. */
  readonly part?: HostDone;
}

export interface RunView {
  readonly run: string;
  readonly started?: RunStarted & { readonly at: string };
  /** In the order of the run; hosts that events name come last. */
  readonly hosts: ReadonlyMap<string, HostView>;
  /** What the run is about, where it is not a playbook's plays: `Fedora CoreOS A → B · ns2 first`. */
  readonly title?: string;
  readonly warnings: readonly Warning[];
  /** A local step that is running. */
  readonly localStep?: string;
  /** The playbook at hand, where several are run as one. */
  readonly part?: string;
  readonly summary?: Summary;
}

export const EMPTY_VIEW: RunView = { run: '', hosts: new Map(), warnings: [] };

export function advance(view: RunView, event: RunEvent): RunView {
  const next = { ...view, run: event.run };
  switch (event.event) {
    case 'run-started':
      return { ...next, started: event, hosts: new Map(event.hosts.map((name) => [name, { name, observed: false }])) };
    case 'upgrade-planned':
      return { ...next, title: event.title };
    case 'host-observed':
      return withHost(next, event.host, { observed: true });
    case 'host-plan':
      return event.changes.length === 0 ? next : withHost(next, event.host, { plan: event });
    case 'host-step':
      return withHost(next, event.host, { step: { step: event.step, message: event.message, at: event.at } });
    case 'host-done':
      return withHost(next, event.host, { done: merged(view.hosts.get(event.host)?.done, event), part: event });
    case 'warning':
      return { ...next, warnings: [...view.warnings, event] };
    case 'local-step': {
      const { localStep: _over, ...rest } = next;
      return event.status === 'started' ? { ...rest, localStep: event.name } : rest;
    }
    case 'gate': {
      const { localStep: _over, ...rest } = next;
      return event.status === 'asked' ? { ...rest, localStep: `waiting for: ${event.name}` } : rest;
    }
    case 'summary':
      return { ...next, summary: event };
    case 'play-started':
      // A host that an earlier play has ended is at work again.
      return event.hosts.reduce(
        (all, host) => (all.hosts.get(host)?.done === undefined ? all : beginAgain(all, host)),
        event.name === undefined ? next : { ...next, part: event.name },
      );
    case 'probe':
      return next;
  }
}

/** Whether more is to be said of hosts than that they are as described. */
export function isEventful(view: RunView): boolean {
  return [...view.hosts.values()].some(
    ({ plan, done }) =>
      plan !== undefined || (done !== undefined && (done.status !== 'ok' || done.message !== undefined)),
  );
}

/** Hosts that the run has begun to change and not ended: nobody knows what they are when the run dies now. */
export function openHosts(view: RunView): readonly string[] {
  return [...view.hosts.values()]
    .filter(({ step, done }) => step !== undefined && done === undefined)
    .map(({ name }) => name);
}

function beginAgain(view: RunView, name: string): RunView {
  const { part: _over, ...host } = view.hosts.get(name) ?? { name };
  return { ...view, hosts: new Map(view.hosts).set(name, { ...host, observed: false }) };
}

function withHost(view: RunView, name: string, change: Partial<HostView>): RunView {
  const host = { ...(view.hosts.get(name) ?? { name, observed: false }), ...change };
  if (change.done !== undefined) delete (host as { step?: unknown }).step;
  return { ...view, hosts: new Map(view.hosts).set(name, host) };
}

/** A host may be in several plays: changes add up, and the worse status stays. */
function merged(earlier: HostDone | undefined, later: HostDone): HostDone {
  if (earlier === undefined) return later;
  const status: HostStatus = later.status === 'ok' ? earlier.status : later.status;
  return {
    ...later,
    status,
    changes: [...earlier.changes, ...later.changes],
    error: later.error ?? earlier.error,
    resources: earlier.resources + later.resources,
    tookMs: earlier.tookMs + later.tookMs,
  };
}
