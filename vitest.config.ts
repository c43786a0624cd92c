/** Test tiers: `unit` (pure and fast, anywhere) and `lab` (real hosts: root on Linux, else skipped with the reason) and `model` (the protocol, with spin). */
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/** `import … from 'coreos-infra'` in roles and playbooks means the sources here, as in the build. */
const alias = [
  { find: /^coreos-infra$/, replacement: path('src/index.ts') },
  { find: /^coreos-infra\/probes$/, replacement: path('src/probes/index.ts') },
  { find: /^coreos-infra\/roles\/([^/]+)$/, replacement: path('roles/$1/index.ts') },
];

/** CI tries a test on real hosts once more, and names it: one in thousands must not hide what the others say, nor be forgotten (.ci/run). */
const tryAgain = process.env['CI'] === undefined ? 0 : 1;

export default defineConfig({
  resolve: { alias },
  test: {
    // Runs of tests are nobody's history.
    env: { XDG_STATE_HOME: join(tmpdir(), `coreos-infra-test-state-${userInfo().uid}`) },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          globalSetup: ['test/setup/build.ts'],
          // Files share their worker's modules: two thirds of the time went into importing them anew for each.
          isolate: false,
          // Many wait for timers and small programs.
          maxWorkers: 3,
          testTimeout: 20_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'lab',
          include: ['test/lab/**/*.test.ts'],
          globalSetup: ['test/setup/build.ts', 'test/setup/lab.ts'],
          // Each file has hosts of its own, and waiting is what most of them do. With more at once, hosts that boot on two cores would miss
          // deadlines that have nothing to do with them.
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
          testTimeout: 180_000,
          hookTimeout: 900_000,
          retry: tryAgain,
        },
      },
      {
        extends: true,
        test: {
          // The model checker wants both cores and two minutes: by itself.
          name: 'model',
          include: ['test/model/**/*.test.ts'],
          sequence: { groupOrder: 2 },
          testTimeout: 360_000,
        },
      },
      {
        extends: true,
        test: {
          // A sample; all of it with COREOS_INFRA_SWEEP=full. Its pairs of hosts bound how much goes on at once.
          name: 'faults',
          include: ['test/faults/**/*.test.ts'],
          globalSetup: ['test/setup/build.ts'],
          sequence: { groupOrder: 3 },
          // One file after the other: both at once would bring each other's deadlines in.
          maxWorkers: 1,
          maxConcurrency: 12,
          // Cases have deadlines of their own; these wait for a pair.
          testTimeout: 1_800_000,
          hookTimeout: 900_000,
          retry: tryAgain,
        },
      },
    ],
  },
});
