/** The Go program that stands in for rpm-ostree in the lab has tests of its own; here they run where there is a compiler. */
import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { assetPath } from '../../../src/assets.ts';

const source = assetPath('src/lab/rpm-ostree');
const hasGo =
  spawnSync('bash', [assetPath('src/lab/scripts/go-program.sh'), '--builds-outside', source], { stdio: 'ignore' })
    .status === 0;
if (!hasGo) process.stderr.write('test/unit/lab/lab-os.test.ts is skipped: this machine has no Go (1.21 or newer)\n');

describe.skipIf(!hasGo)("the lab's rpm-ostree", () => {
  it('passes its own tests', { timeout: 180_000 }, async () => {
    const { stdout } = await promisify(execFile)('go', ['test', '-vet=all', './...'], {
      cwd: source,
      env: { ...process.env, CGO_ENABLED: '0', GOTOOLCHAIN: 'local' },
    });
    expect(stdout).toMatch(/^ok\s/);
  });
});
