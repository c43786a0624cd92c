/** Asks the preconditions of the roles that change a host, of all members at once, and refuses before anything is touched. */
import { InfraError } from '../errors.ts';
import type { HostAnswer, Precondition } from '../playbook/precondition.ts';
import { sudo } from '../ssh/sudo.ts';
import { RefusedError } from './errors.ts';
import type { PlannedHost } from './plan-host.ts';
import type { RunContext } from './run-context.ts';
import type { SurveyedHost } from './survey.ts';

/** For the link, on top of the script's own time, ms. */
const LINK_MS = 4_000;

/** Warnings of this run: what holds for a pair is said once, not once for each host. */
const told = new WeakMap<RunContext, Set<string>>();

/** Throws RefusedError; with `--force-unsafe` the refusal is a warning. In check mode everything is a warning. */
export async function checkPreconditions(
  ctx: RunContext,
  { survey, roles }: PlannedHost,
  reached: readonly SurveyedHost[],
): Promise<void> {
  const host = survey.desired.host.name;
  for (const precondition of survey.desired.preconditions?.(roles) ?? []) {
    const { refusal, warnings } = precondition.judge(await askAll(precondition, reached, ctx));
    for (const warning of warnings) warn(ctx, host, warning);
    if (refusal === undefined) continue;
    const error = new RefusedError(`${host} was not touched: ${refusal.message}`, { host, ...refusal });
    if (ctx.options.check) warn(ctx, host, `${host} would be refused: ${refusal.message}`, refusal.remedy);
    else if (ctx.options.forceUnsafe)
      warn(ctx, host, `${error.message} Touched all the same, because of --force-unsafe.`);
    else throw error;
  }
}

function warn(ctx: RunContext, host: string, message: string, remedy?: string): void {
  const messages = told.get(ctx) ?? new Set<string>();
  told.set(ctx, messages);
  if (messages.has(message)) return;
  messages.add(message);
  ctx.emit({ event: 'warning', host, message, ...(remedy === undefined ? {} : { remedy }) });
}

/** A member whose link fails has no answer. */
async function askAll(
  { name, script, timeoutSec }: Precondition,
  reached: readonly SurveyedHost[],
  ctx: RunContext,
): Promise<ReadonlyMap<string, HostAnswer>> {
  const command = sudo(['timeout', '-k', '1', String(Math.ceil(timeoutSec)), '/bin/bash', '-c', script]);
  const answers = await Promise.all(
    reached.map(async ({ desired, connection }): Promise<readonly (readonly [string, HostAnswer])[]> => {
      const askedMs = ctx.now();
      try {
        const { code, stdout, stderr } = await connection.exec(command, {
          what: `asking about ${name}`,
          timeoutMs: timeoutSec * 1000 + LINK_MS,
          maxOutputBytes: 64 * 1024 * 1024,
          signal: ctx.signal,
        });
        const said = { stdout: stdout.toString('utf8'), stderr: stderr.toString('utf8') };
        return [[desired.host.name, { code: code === 137 ? null : code, ...said, askedMs, answeredMs: ctx.now() }]];
      } catch (error) {
        if (!(error instanceof InfraError)) throw error;
        return [];
      }
    }),
  );
  return new Map(answers.flat());
}
