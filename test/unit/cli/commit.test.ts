/** The commit of a project, read without git; compared with git itself. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { currentCommit } from '../../../src/cli/commit.ts';

let dir: string;
const git = (...args: string[]): string =>
  execFileSync('git', ['-C', dir, '-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], {
    encoding: 'utf8',
  }).trim();

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'coreos-infra-git-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test('a branch, packed refs, a detached head, a subfolder and a worktree', () => {
  git('init', '-q', '-b', 'main');
  expect(currentCommit(dir)).toBeUndefined();
  git('commit', '-q', '--allow-empty', '-m', 'one');
  const hash = git('rev-parse', 'HEAD').slice(0, 7);
  mkdirSync(join(dir, 'a/b'), { recursive: true });
  expect(currentCommit(join(dir, 'a/b'))).toBe(`main@${hash}`);
  git('pack-refs', '--all');
  expect(currentCommit(dir)).toBe(`main@${hash}`);
  git('worktree', 'add', '-q', '-b', 'topic/x', join(dir, 'tree'));
  expect(currentCommit(join(dir, 'tree'))).toBe(`topic/x@${hash}`);
  git('checkout', '-q', '--detach');
  expect(currentCommit(dir)).toBe(hash);
});

test('a folder outside a repository has none', () => {
  expect(currentCommit(dir)).toBeUndefined();
});
