/** How a service starts this program: by absolute paths, with the few variables that say where things are. */
import { existsSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { packageRoot } from '../assets.ts';
import type { Launch } from './unit-text.ts';

/** Where state, settings and the lab lie; none of them a secret. */
const CARRIED = [
  'XDG_STATE_HOME',
  'XDG_CONFIG_HOME',
  'XDG_CACHE_HOME',
  'COREOS_INFRA_LAB',
  'COREOS_INFRA_LAB_DIR',
  'TZ',
];

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface LaunchOptions {
  /** Absolute; of the schedule. */
  readonly lockFile: string;
  /** Absolute. */
  readonly environmentFile?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export function launchOf({ lockFile, environmentFile, env }: LaunchOptions): Launch {
  const { username } = userInfo();
  const carried = CARRIED.flatMap((name): [string, string][] => {
    const value = env[name];
    return value === undefined || value === '' ? [] : [[name, value]];
  });
  return {
    command: programOf(packageRoot()),
    environment: {
      HOME: homedir(),
      USER: username,
      LOGNAME: username,
      // First the Node that runs now: there may be an older one in the usual places.
      PATH: `${dirname(process.execPath)}:${PATH}`,
      LANG: 'C.UTF-8',
      ...Object.fromEntries(carried),
    },
    ...(environmentFile === undefined ? {} : { environmentFile }),
    lockFile,
  };
}

/** A checkout's ./run builds what git has changed since; a package that was installed comes built. */
function programOf(root: string): readonly string[] {
  const run = join(root, 'run');
  return existsSync(run) ? ['/bin/bash', run] : [process.execPath, join(root, 'dist/cli.js')];
}
