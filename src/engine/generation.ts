/** The confirmed states that a host keeps: which there are, and what one of them was, file by file. */
import { HostAnswerError } from '../host/errors.ts';
import { type HostStep, parseStep } from '../host/steps.ts';
import { type Generation, generationCall, generationsCall, parseGeneration } from '../host/verbs.ts';
import type { Connection } from '../ssh/transport.ts';
import { RestoreError } from './errors.ts';
import { requireSuccess } from './host-agent.ts';
import type { RunContext } from './run-context.ts';

export type KeptGeneration = Omit<Extract<HostStep, { readonly kind: 'generation' }>, 'kind'>;

/** Newest first; none on a host to which nothing was ever deployed. */
export async function listGenerations(ctx: RunContext, connection: Connection): Promise<readonly KeptGeneration[]> {
  const what = 'asking for its generations';
  const { command, stdin } = generationsCall();
  const result = await connection.exec(command, { what, timeoutMs: ctx.deadlines.confirmMs, stdin });
  requireSuccess(ctx, connection, result, what);
  const lines = result.stdout.toString('utf8').split('\n');
  return lines
    .filter((line) => line !== '')
    .flatMap((line) => {
      const step = parseStep(line);
      if (step.kind !== 'generation') return [];
      const { kind: _kind, ...generation } = step;
      return [generation];
    })
    .toSorted((a, b) => b.generation - a.generation);
}

/** Throws RestoreError when the host does not keep it, or has lost a part of it. */
export async function readGeneration(ctx: RunContext, connection: Connection, number: number): Promise<Generation> {
  const { host } = connection;
  const what = `reading generation ${number}`;
  const { command, stdin } = generationCall(number);
  const result = await connection.exec(command, { what, timeoutMs: ctx.deadlines.observeMs, stdin });
  requireSuccess(ctx, connection, result, what);
  let generation: Generation | undefined;
  try {
    generation = parseGeneration(result.stdout);
  } catch (error) {
    if (!(error instanceof HostAnswerError)) throw error;
    throw new RestoreError(`${host}: generation ${number} cannot be read: ${error.message}`, {
      host,
      detail: error.detail,
      cause: error,
      remedy: `Bring another one back: run generations ${host}`,
    });
  }
  if (generation === undefined)
    throw new RestoreError(`${host} keeps no generation ${number}`, {
      host,
      remedy: `See which it keeps: run generations ${host}`,
    });
  const { managed, contents } = generation;
  const lost = managed.filter(({ kind, sha256 }) => kind !== 'directory' && !contents.has(sha256));
  if (lost.length > 0)
    throw new RestoreError(`${host}: generation ${number} is not whole: ${lost.length} of its files are lost`, {
      host,
      detail: lost.map(({ path }) => path).slice(0, 8),
      remedy: `Bring another one back (run generations ${host}), or deploy what the playbooks describe.`,
    });
  return generation;
}
