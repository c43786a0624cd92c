/** `run unlock`: shows who holds a host since when, asks, and takes the lock away; puts a failed change set aside. */
import { observe } from '../engine/host-agent.ts';
import { openSlot } from '../engine/locked.ts';
import type { LeaseState, SlotState } from '../engine/observation.ts';
import type { RunContext } from '../engine/run-context.ts';
import { callHost } from '../engine/verb.ts';
import { EXIT, type ExitCode } from '../errors.ts';
import { statusCall, unlockCall } from '../host/verbs.ts';
import { selectHosts } from '../inventory/pattern.ts';
import { heldLines, stillOpenLine } from '../report/held-text.ts';
import type { Connection } from '../ssh/transport.ts';
import type { Project } from './context.ts';
import { printFailure } from './failure.ts';
import { handleInterrupts } from './interrupt.ts';
import type { UnlockFlags } from './operator.ts';
import { questionFor, requireSomebody } from './operator-ask.ts';
import { onHosts, worstExit } from './operator-hosts.ts';
import { commandLineFor, operatorContext } from './operator-target.ts';
import { recordHosts } from './record-hosts.ts';
import { loadTargetInventory } from './target-inventory.ts';

interface Held {
  readonly lease: LeaseState | undefined;
  readonly slot: SlotState | undefined;
  /** Why a failed change set failed, or why it is being reverted. */
  readonly reason: string;
}

type Ask = ReturnType<typeof questionFor>;

export async function runUnlock(pattern: string, flags: UnlockFlags, project: Project): Promise<ExitCode> {
  requireSomebody('unlock', flags);
  const inventory = await loadTargetInventory(flags, project);
  const interruption = handleInterrupts({ onFirst: () => {}, onSecond: () => process.exit(EXIT.interrupted) });
  try {
    const { signal } = interruption;
    // One after the other: each may be a question.
    const ctx = await operatorContext({ run: '', inventory, options: { forks: 1 }, signal });
    const ask = questionFor(flags, signal);
    const results = await onHosts(ctx, selectHosts(inventory, pattern), (connection, host) =>
      unlock(ctx, connection, host.name, ask, commandLineFor(flags)),
    );
    for (const result of results) if ('error' in result) printFailure(result.error, result.error.exitCode);
    const exit = worstExit(results.map((result) => ('error' in result ? result.error.exitCode : result.value)));
    await recordHosts({ command: 'unlock', flags, project, exit, results });
    return exit;
  } finally {
    interruption.dispose();
  }
}

async function unlock(
  ctx: RunContext,
  connection: Connection,
  name: string,
  ask: Ask,
  commandLine: (words: string) => string,
): Promise<ExitCode> {
  const held = await look(ctx, connection);
  if (held.lease === undefined && held.slot === undefined) {
    print(`${name} is not locked: nothing to do`);
    return EXIT.ok;
  }
  for (const line of heldLines(name, held)) print(line);
  const open = held.slot?.state === 'failed' ? undefined : held.slot;
  if (held.lease === undefined && open !== undefined) {
    print(stillOpenLine(name, open, commandLine));
    return EXIT.locked;
  }
  if (ask !== undefined && !(await ask(`Unlock ${name}?`))) {
    print(`${name} was left as it is`);
    return ctx.signal.aborted ? EXIT.interrupted : EXIT.usage;
  }
  const last = (await callHost(ctx, connection, unlockCall(), 'unlocking')).at(-1);
  if (last?.kind === 'unlocked') {
    print(`${name} is unlocked`);
    return EXIT.ok;
  }
  print(last?.kind === 'error' ? `${name}: ${last.message}` : `${name} did not say that it is unlocked`);
  if (open !== undefined) print(stillOpenLine(name, open, commandLine));
  return last?.kind === 'error' && last.error === 'locked' ? EXIT.locked : EXIT.failed;
}

/** A lease that has run out holds nobody up: the next run takes it over. */
async function look(ctx: RunContext, connection: Connection): Promise<Held> {
  const { slot, lease } = await observe(
    connection,
    { paths: [], units: [], images: [], commands: [], zonePaths: [] },
    ctx,
  );
  const open = openSlot(slot);
  const status =
    open === undefined
      ? undefined
      : (await callHost(ctx, connection, statusCall(open.id), 'asking how it stands')).at(-1);
  return {
    lease: lease !== undefined && lease.expiresInSec > 0 ? lease : undefined,
    slot: open,
    reason: status?.kind === 'status' ? status.reason : '',
  };
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
