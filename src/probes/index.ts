/** `coreos-infra/probes`: what local steps and own tools ask of services, as the engine does it. */
export { QueryLoop, type QueryTarget } from './query-loop.ts';
export { type ProbeTiming, runProbes } from './run.ts';
export type * from './types.ts';
