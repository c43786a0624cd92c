/** What a start loads: the budget of a run without changes has no room for more. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { assetPath } from '../../../src/assets.ts';

interface Input {
  readonly imports: readonly { readonly path: string; readonly kind: string; readonly external?: boolean }[];
}

const metaPath = assetPath('dist/meta.json');
const all = existsSync(metaPath)
  ? (JSON.parse(readFileSync(metaPath, 'utf8')) as { readonly inputs: Readonly<Record<string, Input>> }).inputs
  : {};

/** Modules that are evaluated with the command and with what it loads later, `dynamic`: each when it is first imported. */
function loadedWith(dynamic: readonly string[]): ReadonlySet<string> {
  const inputs = new Set(['src/cli/main.ts', ...dynamic]);
  for (const name of inputs) {
    for (const { path, kind, external } of all[name]?.imports ?? []) {
      if (kind !== 'dynamic-import' && external !== true) inputs.add(path);
    }
  }
  return inputs;
}

const packagesOf = (inputs: ReadonlySet<string>): readonly string[] => [
  ...new Set([...inputs].flatMap((input) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? [])),
];

test('run --help loads commander, a word comparer and our own command line, nothing else', () => {
  const inputs = loadedWith([]);
  expect(inputs).toContain('src/cli/argv.ts');
  expect(packagesOf(inputs).filter((name) => !['commander', 'fastest-levenshtein'].includes(name))).toEqual([]);
  expect([...inputs].filter((input) => /^src\/(ssh|dns|lab|inventory|host|resources|probes)\//.test(input))).toEqual(
    [],
  );
});

test('a run loads neither a compiler nor the live display before it needs them', () => {
  const inputs = loadedWith([
    'src/cli/playbook-run.ts',
    'src/playbook/load.ts',
    'src/engine/run.ts',
    'src/ssh/index.ts',
    'src/inventory/load.ts',
  ]);
  expect(inputs).toContain('src/engine/plan.ts');
  const packages = packagesOf(inputs);
  for (const heavy of ['listr2', 'zx', 'esbuild', 'diff', 'log-update']) expect(packages).not.toContain(heavy);
});

test('the program is ASCII, as it is read', () => {
  expect(/[^\0-\x7f]/.exec(readFileSync(assetPath('dist/program.cjs'), 'latin1'))?.[0]).toBeUndefined();
});

test('what V8 compiled is kept for the next run of a command, and not for one that failed', () => {
  const dir = mkdtempSync(join(tmpdir(), 'coreos-infra-dist-'));
  try {
    for (const name of ['cli.js', 'program.js', 'program.cjs'])
      cpSync(assetPath(`dist/${name}`), join(dir, 'dist', name));
    cpSync(assetPath('package.json'), join(dir, 'package.json'));
    const run = (...words: readonly string[]) => spawnSync(process.execPath, [join(dir, 'dist/cli.js'), ...words]);
    const folder = join(dir, 'dist/compiled');
    const kept = () => (existsSync(folder) ? readdirSync(folder) : []).map((name) => name.replace(/^.*-/, ''));
    expect([run('no-such-command').status, kept()]).toEqual([1, []]);
    const first = run('--version');
    expect([first.status, kept()]).toEqual([0, ['version']]);
    expect(run('--version').stdout.equals(first.stdout)).toBe(true);
    // Of another build, or torn: not used, and made anew.
    const [file = ''] = readdirSync(join(dir, 'dist/compiled'));
    writeFileSync(join(dir, 'dist/compiled', file), 'torn');
    expect(run('--version').stdout.equals(first.stdout)).toBe(true);
    expect(statSync(join(dir, 'dist/compiled', file)).size).toBeGreaterThan(1000);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
