/** What a start loads: the budget of a run without changes has no room for more. */
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { assetPath } from '../../../src/assets.ts';

interface Output {
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly imports: readonly { readonly path: string; readonly kind: string }[];
  readonly entryPoint?: string;
}

const metaPath = assetPath('dist/meta.json');
const outputs = existsSync(metaPath)
  ? (JSON.parse(readFileSync(metaPath, 'utf8')) as { readonly outputs: Readonly<Record<string, Output>> }).outputs
  : {};

/** Sources in the chunks that are loaded with `entry`; the first dynamic import, of main, belongs to every start. */
function loadedWith(entry: string, dynamic: readonly string[]): ReadonlySet<string> {
  const inputs = new Set<string>();
  const todo = [entry];
  for (const name of todo) {
    const output = outputs[name];
    if (output === undefined) continue;
    for (const input of Object.keys(output.inputs)) inputs.add(input);
    for (const { path, kind } of output.imports) {
      const isLoaded = kind !== 'dynamic-import' || dynamic.some((source) => outputs[path]?.entryPoint === source);
      if (isLoaded && !todo.includes(path)) todo.push(path);
    }
  }
  return inputs;
}

const packagesOf = (inputs: ReadonlySet<string>): readonly string[] => [
  ...new Set([...inputs].flatMap((input) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? [])),
];

test('run --help loads commander, a word comparer and our own command line, nothing else', () => {
  const inputs = loadedWith('dist/cli.js', ['src/cli/main.ts']);
  expect(inputs).toContain('src/cli/main.ts');
  expect(packagesOf(inputs).filter((name) => !['commander', 'fastest-levenshtein'].includes(name))).toEqual([]);
  expect([...inputs].filter((input) => /^src\/(ssh|dns|lab|inventory|host|resources|probes)\//.test(input))).toEqual(
    [],
  );
});

test('a run loads neither a compiler nor the live display before it needs them', () => {
  const inputs = loadedWith('dist/cli.js', [
    'src/cli/main.ts',
    'src/cli/playbook-run.ts',
    'src/playbook/load.ts',
    'src/engine/run.ts',
    'src/ssh/index.ts',
    'src/inventory/load.ts',
  ]);
  expect(inputs).toContain('src/engine/run.ts');
  const packages = packagesOf(inputs);
  for (const heavy of ['listr2', 'zx', 'esbuild', 'diff', 'log-update']) expect(packages).not.toContain(heavy);
});
