import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { A, B, C, O, OsRoot } from './os-fixture.ts';

let root: OsRoot;
beforeEach(() => {
  root = new OsRoot();
});
afterEach(() => root.remove());

/** What is on disk, the first boots next. After a boot nothing is staged. */
const ON_A = `deployments '${A} pinned' ${O}`;
const BACK_ON_A = `deployments ${B} '${A} pinned'`;
const ON_B = `deployments ${B} '${A} pinned'`;

interface Row {
  readonly state: string;
  readonly booted: string;
  readonly boot: string;
  readonly disk: string;
  readonly before?: string;
  readonly expected: string;
}

function sweep(rows: readonly Row[], act: string): readonly string[] {
  const script = rows.map(
    ({ state, booted, boot, disk, before }) =>
      `make_os ${state}; [[ ${booted} == ${A} ]] || { printf '%s\\n' ${B} >"$OPEN/target"; }; ${disk}; now_booted ${booted} ${boot}; ${before ?? ':'}
       (${act}) >/dev/null; facts`,
  );
  return root.run(script.join('\n')).trimEnd().split('\n');
}

// B2: each row is decided by what is booted and on disk, and O, older than the old one, is never made the default.
describe('the table of states, what is booted, and in which boot', () => {
  const rows: readonly Row[] = [
    {
      state: 'armed',
      booted: A,
      boot: 'boot-1',
      disk: ON_A,
      expected: 'armed default=a pinned reboots=0 denied=0 cause=',
    },
    {
      state: 'armed',
      booted: A,
      boot: 'boot-2',
      disk: ON_A,
      expected: 'reverted default=a reboots=0 denied=0 cause=not-applied',
    },
    {
      state: 'armed',
      booted: A,
      boot: 'boot-2',
      disk: BACK_ON_A,
      expected: 'reverted default=a reboots=0 denied=0 cause=not-applied',
    },
    { state: 'armed', booted: B, boot: 'boot-2', disk: ON_B, expected: 'applied default=b reboots=0 denied=0 cause=' },
    { state: 'armed', booted: C, boot: 'boot-2', disk: ON_B, expected: 'failed default=b reboots=0 denied=0 cause=' },
    {
      state: 'applied',
      booted: B,
      boot: 'boot-2',
      disk: ON_B,
      expected: 'applied default=b reboots=0 denied=0 cause=',
    },
    // B4: a second boot of the trial.
    {
      state: 'applied',
      booted: B,
      boot: 'boot-3',
      disk: ON_B,
      expected: 'reverting default=a pinned reboots=1 denied=0 cause=second-boot',
    },
    {
      state: 'applied',
      booted: B,
      boot: 'boot-3',
      disk: `deployments ${B}`,
      expected: 'failed default=b reboots=0 denied=0 cause=second-boot',
    },
    {
      state: 'applied',
      booted: A,
      boot: 'boot-3',
      disk: BACK_ON_A,
      expected: 'reverted default=a reboots=0 denied=1 cause=person',
    },
    { state: 'applied', booted: C, boot: 'boot-3', disk: ON_B, expected: 'failed default=b reboots=0 denied=0 cause=' },
    ...(['checks', 'second-boot', 'person', 'deadline', 'abort'] as const).map((cause) => ({
      state: 'reverting',
      booted: A,
      boot: 'boot-3',
      disk: ON_A,
      before: `mv "$OPEN/cause.${cause}" "$OPEN/cause"`,
      expected: `reverted default=a reboots=0 denied=${cause === 'deadline' || cause === 'abort' ? 0 : 1} cause=${cause}`,
    })),
    {
      state: 'reverting',
      booted: B,
      boot: 'boot-3',
      disk: ON_B,
      expected: 'reverting2 default=a pinned reboots=1 denied=0 cause=deadline',
    },
    {
      state: 'reverting',
      booted: B,
      boot: 'boot-2',
      disk: ON_B,
      before: ': >"$RUN/back.os1"',
      expected: 'reverting default=b reboots=0 denied=0 cause=',
    },
    {
      state: 'reverting2',
      booted: B,
      boot: 'boot-4',
      disk: ON_B,
      expected: 'failed default=b reboots=0 denied=0 cause=',
    },
    {
      state: 'reverting2',
      booted: A,
      boot: 'boot-4',
      disk: ON_A,
      expected: 'reverted default=a reboots=0 denied=0 cause=',
    },
    {
      state: 'reverting',
      booted: C,
      boot: 'boot-3',
      disk: ON_B,
      expected: 'failed default=b reboots=0 denied=0 cause=',
    },
    { state: 'failed', booted: B, boot: 'boot-4', disk: ON_B, expected: 'failed default=b reboots=0 denied=0 cause=' },
  ];

  it('is what the boot guard does, without rpm-ostree, which needs D-Bus', () => {
    const act = 'reconcile() { :; }; rm "${PATH%%:*}/rpm-ostree" 2>/dev/null; boot_guard';
    expect(sweep(rows, act)).toEqual(rows.map(({ expected }) => expected));
  });

  it('is what the guard does when it starts', () => {
    expect(sweep(rows, 'GUARD_WORD=x; nap() { :; }; os_guard_begins os1')).toEqual(
      rows.map(({ expected }) => expected),
    );
  });
});
