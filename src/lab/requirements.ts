/** What this machine must have before a lab can be booted, and how to get it. */
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { LabRequirementsError } from './errors.ts';
import type { Log } from './progress.ts';
import { step } from './progress.ts';
import { run } from './shell.ts';

/** Programs (or files) and the Debian package that brings each. */
const PROGRAMS: readonly (readonly [program: string, debianPackage: string])[] = [
  ['mmdebstrap', 'mmdebstrap'],
  ['/usr/share/keyrings/debian-archive-keyring.gpg', 'debian-archive-keyring'],
  ['systemd-nspawn', 'systemd-container'],
  ['ostree', 'ostree'],
  ['ip', 'iproute2'],
  ['mkfs.ext4', 'e2fsprogs'],
  ['chattr', 'e2fsprogs'],
  ['flock', 'util-linux'],
  ['unshare', 'util-linux'],
  ['setpriv', 'util-linux'],
  ['losetup', 'mount'],
  ['setcap', 'libcap2-bin'],
  ['ssh', 'openssh-client'],
  ['ssh-keygen', 'openssh-client'],
];

export async function ensureRequirements(installDeps: boolean, log: Log): Promise<void> {
  requireRoot();
  const packages = missingPackages();
  if (packages.length === 0) return;
  const command = `apt-get update && apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  if (!installDeps) {
    throw new LabRequirementsError(`the lab needs programs that this machine lacks: ${missingPrograms().join(', ')}`, {
      remedy: `On Debian: ${command}  (or \`run lab up --install-deps\`, which does just that).`,
    });
  }
  if (which('apt-get') === undefined) {
    throw new LabRequirementsError(
      `this machine lacks ${missingPrograms().join(', ')}, and has no apt-get to install them`,
      {
        remedy: "Install these programs with this system's own package manager, then try again.",
      },
    );
  }
  await step(log, `installing ${packages.join(' ')}`, () =>
    run(['sh', '-c', `export DEBIAN_FRONTEND=noninteractive; ${command}`], {
      what: 'installing packages',
      remedy: `Run it by hand to see more: ${command}`,
    }),
  );
  const still = missingPrograms();
  if (still.length > 0) {
    throw new LabRequirementsError(
      `${still.join(', ')} cannot be found, although ${packages.join(' ')} was installed`,
      {
        remedy: 'Look whether the search path (PATH) of this shell holds /usr/bin and /usr/sbin.',
      },
    );
  }
}

export function requireRoot(): void {
  if (process.platform !== 'linux') {
    throw new LabRequirementsError(`the lab runs on Linux only, and this is ${process.platform}`, {
      remedy: 'Use a Linux machine (a virtual one will do).',
    });
  }
  if (process.getuid?.() !== 0) {
    throw new LabRequirementsError('the lab boots privileged containers and needs root', {
      remedy: 'Start the same command with sudo.',
    });
  }
}

function missingPrograms(): string[] {
  return PROGRAMS.filter(([program]) => which(program) === undefined).map(([program]) => program);
}

export function missingPackages(): string[] {
  return [
    ...new Set(PROGRAMS.filter(([program]) => which(program) === undefined).map(([, debianPackage]) => debianPackage)),
  ];
}

function which(program: string): string | undefined {
  if (program.startsWith('/')) return existsSync(program) ? program : undefined;
  // biome-ignore lint/style/noProcessEnv: the search path of this machine is what is asked about
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/local/sbin'];
  return folders.map((folder) => join(folder, program)).find((file) => existsSync(file) && isExecutable(file));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
