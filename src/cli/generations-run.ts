/** `run generations`: the confirmed states that a host keeps, newest first, and which one it has. */
import { type KeptGeneration as Kept, listGenerations } from '../engine/generation.ts';
import { EXIT, type ExitCode } from '../errors.ts';
import { selectHosts } from '../inventory/pattern.ts';
import { generationLines, type KeptGeneration } from '../report/generations-text.ts';
import { jsonLine } from '../report/ndjson.ts';
import { styleFor } from '../report/terminal-style.ts';
import type { Project } from './context.ts';
import { printFailure } from './failure.ts';
import type { GenerationsFlags } from './operator.ts';
import { onHosts, worstExit } from './operator-hosts.ts';
import { operatorContext } from './operator-target.ts';
import { loadTargetInventory } from './target-inventory.ts';

export async function runGenerations(pattern: string, flags: GenerationsFlags, project: Project): Promise<ExitCode> {
  const inventory = await loadTargetInventory(flags, project);
  const hosts = selectHosts(inventory, pattern);
  const ctx = await operatorContext({ run: '', inventory });
  const results = await onHosts(ctx, hosts, async (connection) => shown(await listGenerations(ctx, connection)));
  const listed = results.flatMap((result) =>
    'value' in result ? [{ name: result.host.name, generations: result.value }] : [],
  );
  if (flags.json === true) process.stdout.write(jsonLine({ hosts: listed }));
  else
    process.stdout.write(listed.flatMap((one) => generationLines(one, styleFor(process.stdout, process.env))).join(''));
  const failed = results.flatMap((result) => ('error' in result ? [result.error] : []));
  for (const error of failed) printFailure(error, error.exitCode);
  return worstExit([...failed.map(({ exitCode }) => exitCode), EXIT.ok]);
}

/** The highest is the one that the host has: generations are only ever added. */
function shown(all: readonly Kept[]): readonly KeptGeneration[] {
  return all.map(({ generation, id, run, owner, files, at }, index) => ({
    generation,
    at: new Date(at).toISOString(),
    id,
    run,
    owner,
    files,
    present: index === 0,
  }));
}
