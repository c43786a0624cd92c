/** Every case of the sweep: each step of a change set, from the helper's own text and from a run of the engine, with each way to die. Pure. */
import { applyPoints, confirmPoints, revertPoints } from '../../src/host/points.ts';
import { joinScripts } from '../../src/host/scripts.ts';

export type Fault =
  /** SIGKILL of the controller. */
  | 'kill-controller'
  /** SIGSTOP of the controller for longer than lease and guard, while another run goes through; then SIGCONT. */
  | 'stop-controller'
  /** SIGKILL of what runs on the host: apply unit, guard, boot guard or verb, with all its children; where nothing of these does, the SSH sessions. */
  | 'kill-host'
  /** The host's cable is pulled until the host has ended the change set by itself. */
  | 'cut'
  /** Power cut; the host boots again. */
  | 'crash'
  /** /var is full to the last byte for as long as the run takes. */
  | 'full'
  /** The step fails on the host. */
  | 'fail'
  /** The host does it, and its answer is lost. */
  | 'lost';

/** Who reverts when the fault comes: the failed apply, the guard at its deadline, the controller's request, or the boot guard. */
export type Reverter = 'apply' | 'guard' | 'request' | 'boot';

export interface Case {
  readonly during: 'install' | 'apply' | 'confirm' | 'revert' | 'controller';
  /** Only with `revert`. */
  readonly by?: Reverter;
  /** A point of the helper, or a step of the controller: `confirming 1`. */
  readonly step: string;
  readonly fault: Fault;
  /** Whom it hits. */
  readonly host: 'ns1' | 'ns2';
  readonly change: 'reload' | 'restart';
  /** How the host must end; `either`: the fault may come too late, or not matter. */
  readonly expect: 'old' | 'new' | 'either';
}

const ON_HOST: readonly Fault[] = ['kill-controller', 'kill-host', 'cut', 'crash', 'full', 'fail'];
const IN_CONTROLLER: readonly Fault[] = [
  'kill-controller',
  'stop-controller',
  'kill-host',
  'cut',
  'crash',
  'full',
  'lost',
];
/** Every fault with a revert by the apply; with the others what concerns them: the first two have no controller any more. */
const BY: Readonly<Record<Reverter, readonly Fault[]>> = {
  guard: ['kill-host', 'crash', 'full'],
  boot: ['kill-host', 'crash'],
  apply: ON_HOST,
  request: ['kill-controller', 'cut'],
};

/** All of them. `controllerSteps`: `ns1 confirming 1`, as a run of the engine names them. */
export function allCases(controllerSteps: readonly string[]): readonly Case[] {
  const cases: Case[] = [
    ...cross(installPoints(), ON_HOST, 'install'),
    ...cross(applyPoints(), ON_HOST, 'apply'),
    ...cross(confirmPoints(), ON_HOST, 'confirm'),
    ...revertPoints().flatMap((step) =>
      (Object.keys(BY) as Reverter[]).flatMap((by) =>
        BY[by].map((fault): Case => ({ during: 'revert', by, step, fault, expect: 'old', ...WHERE })),
      ),
    ),
    ...controllerSteps.flatMap((step) => IN_CONTROLLER.map((fault) => controllerCase(step, fault))),
  ];
  return cases.map(vary);
}

const WHERE = { host: 'ns1', change: 'reload' } as const;

function cross(
  points: readonly string[],
  faults: readonly Fault[],
  during: 'install' | 'apply' | 'confirm',
): readonly Case[] {
  return points.flatMap((step) =>
    faults.map((fault): Case => ({ during, step, fault, expect: expected(during, step, fault), ...WHERE })),
  );
}

/** Steps of the installer, read from its text as points.ts reads those of the others. */
function installPoints(): readonly string[] {
  return [...joinScripts(['install']).matchAll(/^\s*(?:at_step|step) ([a-z-]+)/gm)].map(([, point = '']) => point);
}

/** A full disk may come when no step needs space any more; nothing else of these may lead to a confirmed change. */
function expected(during: 'install' | 'apply' | 'confirm', step: string, fault: Fault): Case['expect'] {
  if (during === 'confirm') return step === 'confirm' ? 'either' : 'new';
  return fault === 'full' ? 'either' : 'old';
}

function controllerCase(full: string, fault: Fault): Case {
  const [host, ...words] = full.split(' ');
  return {
    during: 'controller',
    step: words.join(' '),
    fault,
    host: host === 'ns2' ? 'ns2' : 'ns1',
    change: 'reload',
    expect: 'either',
  };
}

/** Points that only such a change set has. */
const RESTART_ONLY = new Set(['daemon-reload', 'command']);

/** Both kinds of change, and both hosts, without trying everything four times. */
function vary(one: Case, index: number): Case {
  const change = RESTART_ONLY.has(one.step) || index % 3 === 1 ? 'restart' : 'reload';
  // The image is missing on both: the second host is never begun.
  const host = one.during !== 'controller' && one.step !== 'images' && index % 5 === 4 ? 'ns2' : one.host;
  return { ...one, change, host };
}

export function nameOf({ during, by, step, fault, host, change }: Case): string {
  return `${fault} at ${step} (${during}${by === undefined ? '' : ` by ${by}`}, ${change} on ${host})`;
}
