/** A long verb of the helper, line by line: what it says is told as it comes, and `ready` is answered. */
import { InfraError } from '../errors.ts';
import { type HostStep, parseStep } from '../host/steps.ts';
import type { Connection } from '../ssh/transport.ts';

export interface DialogueRequest {
  readonly command: string;
  readonly what: string;
  readonly timeoutMs: number;
  readonly onStep: (step: HostStep) => void;
  /** At `ready`: throws to say no. Without it stdin is closed at once. */
  readonly beforeGo?: () => Promise<void>;
}

export interface DialogueEnd {
  readonly last: HostStep | undefined;
  readonly failure: Extract<HostStep, { kind: 'error' }> | undefined;
  /** `go` was sent: what was asked for may have happened, whatever was heard of it. */
  readonly wentOn: boolean;
  /** What `beforeGo` threw. */
  readonly refusal: unknown;
  /** The link failed before the end. */
  readonly lost: InfraError | undefined;
}

/** Throws only faults of ours. */
export async function converse(connection: Connection, request: DialogueRequest): Promise<DialogueEnd> {
  const heard: { last?: HostStep; failure?: Extract<HostStep, { kind: 'error' }>; refusal?: unknown } = {};
  let wentOn = false;
  let lost: InfraError | undefined;
  try {
    const dialogue = await connection.start(request.command, { what: request.what, timeoutMs: request.timeoutMs });
    dialogue.result.catch(() => {});
    if (request.beforeGo === undefined) dialogue.endInput();
    for await (const line of dialogue.lines) {
      const step = parseStep(line);
      heard.last = step;
      request.onStep(step);
      if (step.kind === 'error') heard.failure ??= step;
      if (step.kind !== 'ready' || request.beforeGo === undefined) continue;
      try {
        await request.beforeGo();
      } catch (error) {
        heard.refusal = error;
        dialogue.endInput();
        continue;
      }
      // Whether the word still arrives nobody can tell: from here on it counts as said.
      wentOn = true;
      await dialogue.write('go\n');
    }
    await dialogue.result;
  } catch (error) {
    if (!(error instanceof InfraError)) throw error;
    lost = error;
  }
  return { last: heard.last, failure: heard.failure, wentOn, refusal: heard.refusal, lost };
}
