/** `run copy`: a local file or folder to many hosts. */
import { type Command, InvalidArgumentError } from 'commander';
import type { Project } from './context.ts';
import { addFleetOptions, type FleetFlags, integer } from './fleet-options.ts';

interface CopyFlags extends FleetFlags {
  readonly mode?: string;
  readonly timeout: number;
}

const DESCRIPTION = `copy a local file or folder to many hosts

DEST is the new name, or a folder that is there. The host checks the SHA-256 and puts the file in place by one rename; a file \
that is the same already is left alone. A file replaces a file, which keeps its owner and SELinux label (--sudo); a folder is \
copied only to where there is none.`;

export function registerCopy(program: Command, { project }: { readonly project: Project }): void {
  addFleetOptions(program.command('copy').description(DESCRIPTION))
    .argument('<src>', 'file or folder on this machine')
    .argument('<dest>', 'where on the hosts; relative to the home of the user there')
    .option('--mode <octal>', 'mode at the destination, such as 0644 (default: that of SRC)', octal)
    .option('--timeout <seconds>', 'for each host; what is not complete is removed', integer(1), 300)
    .action(async (source: string, dest: string, flags: CopyFlags) => {
      const [{ runFleetCommand }, { openParcel }, { runCopy }, { transferLines }, { silentReporter }] =
        await Promise.all([
          import('./fleet-run.ts'),
          import('../exec/parcel.ts'),
          import('../exec/run-copy.ts'),
          import('../report/exec-summary.ts'),
          import('../report/exec-reporter.ts'),
        ]);
      const parcel = await openParcel(source, flags.mode);
      process.exitCode = await runFleetCommand({
        ...{ command: 'copy', flags, project },
        reporter: silentReporter,
        work: (fleet) => runCopy(fleet, { parcel, source, dest, timeoutSec: flags.timeout }),
        lines: transferLines,
      });
    });
}

function octal(value: string): string {
  if (!/^0?[0-7]{3}$/.test(value)) throw new InvalidArgumentError('Give three octal digits, such as 0644.');
  return value.replace(/^0(?=...)/, '');
}
