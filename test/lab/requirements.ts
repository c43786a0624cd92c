/** Whether this machine can have labs, and how the tests' own are called. */

/** Why there are no labs here; undefined: there are. */
export const noLab: string | undefined =
  process.platform !== 'linux'
    ? 'a lab needs Linux'
    : process.getuid?.() === 0
      ? undefined
      : 'a lab needs root: start the tests with sudo';

/** Names begin so, and go on with the process that made the lab: what a killed test left behind is found by them. */
export const PAIR_PREFIX = 'test-pair-';
