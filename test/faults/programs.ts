/** The programs that fault tests start as processes, each bundled into one file, once for all that this process starts. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { packageRoot } from '../../src/assets.ts';

const built = new Map<string, Promise<string>>();

/** The file to start with node. */
export function programFile(name: 'controller' | 'client'): Promise<string> {
  const file = built.get(name) ?? bundle(name);
  built.set(name, file);
  return file;
}

async function bundle(name: string): Promise<string> {
  const root = packageRoot();
  // Below the package: the program finds the helper's shell files by the package.json above it.
  mkdirSync(join(root, 'dist'), { recursive: true });
  const dir = mkdtempSync(join(root, 'dist/.faults-'));
  process.once('exit', () => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, `${name}.mjs`);
  await build({
    entryPoints: [join(root, `test/faults/${name}.ts`)],
    outfile: file,
    bundle: true,
    format: 'esm',
    platform: 'node',
    // Parsed at each of a thousand starts.
    minifyWhitespace: true,
    minifySyntax: true,
    target: 'node20',
    alias: { 'coreos-infra': join(root, 'src/index.ts') },
    external: ['esbuild', 'cpu-features', '*.node'],
    // As in build.mjs: CommonJS packages call require() for Node's own modules.
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url); const __dirname = import.meta.dirname;",
    },
    logLevel: 'error',
  });
  return file;
}
