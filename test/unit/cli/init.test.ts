/** `run init`: what it writes works, and it writes over nothing. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { assetPath } from '../../../src/assets.ts';
import { createRepository } from '../../../src/cli/init-run.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'coreos-infra-init-'));
});
afterEach(() => {
  for (const folder of [dir, `${dir}-cache`]) rmSync(folder, { recursive: true, force: true });
});

test('the new repository runs and type-checks', () => {
  createRepository(dir);
  expect(readdirSync(dir).sort()).toEqual([
    '.gitignore',
    'README.md',
    'inventory',
    'package.json',
    'playbooks',
    'roles',
    'tsconfig.json',
  ]);
  const listed = execFileSync(
    process.execPath,
    [assetPath('dist/cli.js'), 'deploy-dns', '--list-hosts', '--list-tasks'],
    { cwd: dir, encoding: 'utf8', env: { ...process.env, XDG_CACHE_HOME: `${dir}-cache` } },
  );
  expect(listed).toContain('/etc/motd.d/50-coreos-infra.motd');
  expect(listed).toContain('zone example.com');
  expect(JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8'))).toMatchObject({
    private: true,
    type: 'module',
    dependencies: { 'coreos-infra': expect.stringMatching(/^file:/) },
  });
});

test('nothing is written where a file would be overwritten', () => {
  writeFileSync(join(dir, 'README.md'), 'mine');
  expect(() => createRepository(dir)).toThrow(/README.md already/);
  expect(readdirSync(dir)).toEqual(['README.md']);
  expect(readFileSync(join(dir, 'README.md'), 'utf8')).toBe('mine');
});
