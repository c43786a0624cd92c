/** `run lab publish`: a later release for the lab's hosts, good or broken. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Break, PublishOptions, Rollout } from '../lab/index.ts';

/** Kept here, so that `--help` loads nothing of the lab; a test compares it with the lab's own list. */
export const BREAK_CHOICES: readonly Break[] = ['ssh', 'dns', 'podman', 'boot', 'finalize', 'slow-boot', 'flapping'];

interface PublishFlags {
  readonly labName?: string;
  readonly break?: Break;
  readonly seconds?: number;
  readonly oci?: true;
  readonly barrier?: string | true;
  readonly deadEnd?: string | true;
  readonly rollout?: number;
  readonly json?: true;
}

/** Options and action of the command `publish`; `nameOf` finds the lab. */
export function definePublish(command: Command, nameOf: (flags: PublishFlags) => Promise<string>): void {
  command
    .argument('<version>', 'such as 44.20261115.3.0')
    .addOption(new Option('--break <how>', 'make it a bad one').choices(BREAK_CHOICES))
    .option('--seconds <n>', 'slow-boot: until sshd answers (40); flapping: until a service ends (30)', seconds)
    .option('--oci', "as an image in the lab's registry instead of on the ostree branch")
    .option('--barrier [reason]', 'in the update graph: nobody gets past it without booting it')
    .option('--dead-end [reason]', 'in the update graph: nobody gets away from it')
    .option(
      '--rollout <minutes>',
      'in the update graph: offered to more and more hosts, to all after this time',
      seconds,
    )
    .option('--json', 'print what was published as JSON')
    .action(async (version: string, flags: PublishFlags) => {
      const { labPublish } = await import('../lab/index.ts');
      const release = await labPublish(await nameOf(flags), version, publishOptions(flags, Date.now()));
      const what = release.digest === undefined ? `commit ${release.commit}` : `image ${release.digest}`;
      process.stdout.write(flags.json ? `${JSON.stringify(release)}\n` : `${version} is published: ${what}\n`);
    });
}

export function publishOptions(flags: PublishFlags, nowMs: number): PublishOptions {
  const rollout = (durationMinutes: number): Rollout => ({
    startEpoch: Math.floor(nowMs / 1000),
    startValue: 0,
    durationMinutes,
  });
  const reason = (value: string | true): string => (value === true ? 'set by lab publish' : value);
  return {
    ...(flags.break === undefined ? {} : { broken: flags.break }),
    ...(flags.seconds === undefined ? {} : { seconds: flags.seconds }),
    ...(flags.oci === undefined ? {} : { oci: true }),
    ...(flags.barrier === undefined ? {} : { barrier: reason(flags.barrier) }),
    ...(flags.deadEnd === undefined ? {} : { deadEnd: reason(flags.deadEnd) }),
    ...(flags.rollout === undefined ? {} : { rollout: rollout(flags.rollout) }),
  };
}

function seconds(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('Give a whole number.');
  return Number(text);
}
