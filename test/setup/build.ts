/** Before the tests: dist/ is what the sources say, since some tests start the command or load playbooks against it. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A build that fails does not stop tests of pure code: those that need it fail by themselves. */
export default function setup(): void {
  spawnSync(fileURLToPath(new URL('../../run', import.meta.url)), ['--version'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
