/** Dangerous commands: a terminal is asked, a script has to say --yes, the lab is only a rehearsal. */
import { canAsk } from './context.ts';
import { UsageError } from './errors.ts';
import { type InventoryFlags, isLab } from './target-inventory.ts';

export interface DangerFlags extends InventoryFlags {
  readonly yes?: true;
}

/** undefined: nobody need be asked. Throws UsageError, before anything is touched, where nobody could be asked. */
export function questionFor(
  flags: DangerFlags,
  signal: AbortSignal,
): ((question: string) => Promise<boolean>) | undefined {
  if (flags.yes === true || isLab(flags)) return undefined;
  return async (question) => {
    const { askYesNo } = await import('./ask.ts');
    return askYesNo(question, signal);
  };
}

export function requireSomebody(command: string, flags: DangerFlags): void {
  if (flags.yes === true || isLab(flags) || canAsk()) return;
  throw new UsageError(`run ${command} asks before it does anything, and there is no terminal to ask`, {
    remedy: 'Say --yes if it is meant.',
  });
}
