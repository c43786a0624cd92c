/** Runs check.sh: each line it prints is a test. Without spin the tests are skipped, with the reason; as root on Debian it is installed. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const SCRIPT = fileURLToPath(new URL('check.sh', import.meta.url));
/** About two minutes alone on two cores. */
const LIMIT_MS = 15 * 60_000;

function has(program: string): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined;
}

if ((!has('spin') || !has('gcc')) && process.getuid?.() === 0 && existsSync('/etc/debian_version'))
  spawnSync('apt-get', ['install', '-y', '-qq', 'spin', 'gcc', 'libc6-dev'], {
    stdio: 'ignore',
    timeout: 120_000,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });

const { status, stdout, stderr } = spawnSync(SCRIPT, { encoding: 'utf8', timeout: LIMIT_MS });
const lines = stdout.split('\n');
const checks = lines.filter((line) => /^(holds|fails|FAIL)\b/.test(line)).sort();

describe('the models of the protocol', () => {
  if (status === 77) {
    const reason = lines[0] ?? '';
    process.stderr.write(`test/model is ${reason}\n`);
    it.skip(reason, () => {});
    return;
  }

  it('are all checked to the end', () => {
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(checks.length).toBeGreaterThan(0);
  });

  for (const line of checks)
    it(line.replace(/ +[\d.e+]+ states\)?$/, ''), () => {
      expect(line).not.toMatch(/^FAIL/);
    });
});
