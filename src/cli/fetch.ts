/** `run fetch`: a file or folder of many hosts, each into a folder of its own. */
import type { Command } from 'commander';
import type { Project } from './context.ts';
import { addFleetOptions, type FleetFlags, integer } from './fleet-options.ts';

interface FetchFlags extends FleetFlags {
  readonly timeout: number;
}

const DESCRIPTION = `fetch a file or folder from many hosts

It goes to DIR/HOST/NAME, with its mode, after its SHA-256 was checked. A file replaces a file; a folder is fetched only to \
where there is none, and without links and devices.`;

export function registerFetch(program: Command, { project }: { readonly project: Project }): void {
  addFleetOptions(program.command('fetch').description(DESCRIPTION))
    .argument('<src>', 'file or folder on the hosts')
    .argument('<dir>', 'folder on this machine; made if it is not there')
    .option('--timeout <seconds>', 'for each host', integer(1), 300)
    .action(async (source: string, dir: string, flags: FetchFlags) => {
      const [{ runFleetCommand }, { runFetch }, { transferLines }, { silentReporter }] = await Promise.all([
        import('./fleet-run.ts'),
        import('../exec/run-fetch.ts'),
        import('../report/exec-summary.ts'),
        import('../report/exec-reporter.ts'),
      ]);
      process.exitCode = await runFleetCommand({
        ...{ command: 'fetch', flags, project },
        reporter: silentReporter,
        work: (fleet) => runFetch(fleet, { source, dir, timeoutSec: flags.timeout }),
        lines: transferLines,
      });
    });
}
