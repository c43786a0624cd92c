/** `run lab dora`: DHCP clients on the LAN, until Ctrl-C or for a time; then what they noticed. */
import { type Command, InvalidArgumentError } from 'commander';
import type { DoraFigure } from '../dhcp/dora-loop.ts';

interface DoraFlags {
  readonly labName?: string;
  readonly rate: number;
  readonly for?: number;
  readonly keep?: true;
  readonly json?: true;
}

/** Adds `dora`, and the command that it runs inside its namespace. */
export function registerDora(
  lab: Command,
  add: (lab: Command, name: string, description: string) => Command,
  name: (flags: { readonly labName?: string }) => Promise<string>,
): void {
  add(
    lab,
    'dora',
    'DHCP clients, one after the other, until Ctrl-C: each takes a lease and gives it back; prints what they noticed',
  )
    .option('--rate <number>', 'exchanges a second', positive, 5)
    .option('--for <seconds>', 'end by itself', positive)
    .option('--keep', 'keep the leases')
    .option('--json', 'as JSON')
    .action(async (flags: DoraFlags) => dora(await name(flags), flags));
  lab
    .command('dora-here', { hidden: true })
    .argument('<options>')
    .action(async (options: string) => {
      const { runDoraHere } = await import('../lab/dora.ts');
      await runDoraHere(JSON.parse(options));
    });
}

async function dora(labName: string, flags: DoraFlags): Promise<void> {
  const { labDora } = await import('../lab/index.ts');
  const run = await labDora(labName, { rate: flags.rate, keeps: flags.keep === true });
  if (!flags.json)
    process.stdout.write(`${flags.rate} leases a second are asked for${flags.for ? '' : ': end with Ctrl-C'} …\n`);
  await new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve());
    if (flags.for !== undefined) setTimeout(resolve, flags.for * 1_000);
  });
  const figures = await run.stop();
  process.stdout.write(`${flags.json ? JSON.stringify(figures) : text(figures)}\n`);
  process.exitCode = figures.answered === 0 ? 2 : 0;
}

function text({ asked, answered, longestGapMs, refused, byServer }: DoraFigure): string {
  const servers = Object.entries(byServer).map(([server, count]) => `${count} by ${server}`);
  return [
    `${answered}/${asked} leases given · longest gap ${longestGapMs} ms`,
    ...(refused > 0 ? [`${refused} refused`] : []),
    ...servers,
  ].join(' · ');
}

function positive(value: string): number {
  const number = Number(value);
  if (!(number > 0)) throw new InvalidArgumentError('Give a number over 0.');
  return number;
}
