/** ./run: it builds when it has to, once, and otherwise only starts the command. On a small checkout whose build leaves a trace. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { assetPath } from '../../../src/assets.ts';

/** Counts builds, takes a moment, and writes a command that says where it was started and with what. */
const BUILD = `import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
const began = new Date();
appendFileSync('builds', 'x');
await new Promise((resolve) => setTimeout(resolve, 200));
mkdirSync('dist', { recursive: true });
writeFileSync('dist/cli.js', 'console.log(JSON.stringify({ cwd: process.cwd(), args: process.argv.slice(2) })); process.exitCode = 7;');
writeFileSync('dist/.built', '');
const { utimesSync } = await import('node:fs');
utimesSync('dist/.built', began, began);
`;

let dir: string;
let checkout: string;
const path = (relative: string): string => join(checkout, relative);
const builds = (): number => readFileSync(path('builds'), 'utf8').length;

function write(relative: string, content: string): void {
  mkdirSync(dirname(path(relative)), { recursive: true });
  writeFileSync(path(relative), content);
}

function run(
  program = path('run'),
  options: { readonly cwd?: string; readonly path?: string } = {},
): { readonly code: number | null; readonly stdout: string; readonly stderr: string } {
  const environment = options.path === undefined ? process.env : { ...process.env, PATH: options.path };
  const { status, stdout, stderr } = spawnSync(program, ['a b', '--c'], {
    encoding: 'utf8',
    cwd: options.cwd ?? dir,
    env: environment,
  });
  return { code: status, stdout, stderr };
}

/** Everything is older than the build, as on the day after. */
function age(): void {
  const yesterday = new Date(Date.now() - 86_400_000);
  for (const file of ['src/a.ts', 'src', 'roles/r.ts', 'roles', 'build.mjs', 'package.json', 'package-lock.json'])
    utimesSync(path(file), yesterday, yesterday);
}

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'coreos-infra-run-'));
  checkout = join(dir, 'with space');
  for (const file of ['src/a.ts', 'roles/r.ts', 'package.json', 'package-lock.json', 'node_modules/.package-lock.json'])
    write(file, '{}');
  write('build.mjs', BUILD);
  cpSync(assetPath('run'), path('run'));
  age();
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test('the first start builds and says so; the next does neither; arguments, folder and exit code are the command’s', () => {
  const first = run();
  expect(first.stderr).toBe('coreos-infra: building …\n');
  expect(first.code).toBe(7);
  expect(JSON.parse(first.stdout)).toEqual({ cwd: dir, args: ['a b', '--c'] });
  expect(run().stderr).toBe('');
  expect(builds()).toBe(1);
});

test.each([
  ['an edited source', () => write('src/a.ts', 'edited')],
  ['a new source', () => write('src/deep/b.ts', '')],
  ['a deleted source', () => rmSync(path('roles/r.ts'))],
  ['a renamed source', () => renameSync(path('src/a.ts'), path('src/z.ts'))],
  ['an edited build script', () => write('build.mjs', `${BUILD}\n`)],
])('%s builds again', (_what, change) => {
  run();
  change();
  expect(run().stderr).toBe('coreos-infra: building …\n');
  expect(builds()).toBe(2);
  expect(run().stderr).toBe('');
});

test('first starts at the same time build once', async () => {
  const children: ChildProcess[] = Array.from({ length: 4 }, () => spawn(path('run'), [], { stdio: 'ignore' }));
  const codes = await Promise.all(children.map((child) => new Promise((resolve) => child.on('close', resolve))));
  expect(codes).toEqual([7, 7, 7, 7]);
  expect(builds()).toBe(1);
});

test('it is found through links, as npm makes them', () => {
  mkdirSync(join(dir, 'bin'));
  symlinkSync('../with space/run', join(dir, 'bin/first'));
  symlinkSync(join(dir, 'bin/first'), join(dir, 'bin/run'));
  expect(run(join(dir, 'bin/run')).code).toBe(7);
  expect(run('run', { path: `${join(dir, 'bin')}:${process.env['PATH']}` }).code).toBe(7);
  expect(run('./run', { cwd: checkout }).code).toBe(7);
});

test('a failed build stops before the command, with the exit code for nothing touched', () => {
  run();
  write('build.mjs', "console.error('a.ts:1: no'); process.exitCode = 1;");
  expect(run()).toMatchObject({ code: 1, stdout: '', stderr: 'coreos-infra: building …\na.ts:1: no\n' });
});

test('a lockfile that was only written anew installs nothing', () => {
  run();
  cpSync(path('package-lock.json'), path('node_modules/.coreos-infra-lock.json'));
  write('package-lock.json', '{}');
  expect(run().stderr).not.toContain('installing');
});

test('a missing or old node is told in a sentence', () => {
  rmSync(join(dir, 'bin'), { recursive: true, force: true });
  mkdirSync(join(dir, 'bin'));
  for (const tool of ['bash', 'find', 'flock', 'cmp', 'readlink'])
    symlinkSync(
      spawnSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).stdout.trim(),
      join(dir, 'bin', tool),
    );
  expect(run(undefined, { path: join(dir, 'bin') })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("no 'node' in PATH"),
  });
  writeFileSync(join(dir, 'bin/node'), '#!/bin/sh\n[ "$1" = --version ] && { echo v18.20.0; exit 0; }\nexit 1\n');
  chmodSync(join(dir, 'bin/node'), 0o755);
  expect(run(undefined, { path: `${join(dir, 'bin')}:/usr/bin:/bin` })).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/needs Node\.js 20\.19 or newer; .*bin\/node is v18\.20\.0/),
  });
});

test('as an installed package, without a lockfile, it is started as it is', () => {
  run();
  rmSync(path('package-lock.json'));
  write('src/a.ts', 'newer');
  expect(run()).toMatchObject({ code: 7, stderr: '' });
  expect(builds()).toBe(1);
});
