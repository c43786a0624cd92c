/** Writes src/cli/init-template, a package.json that knows this program, and nothing over what is there. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import packageJson from '../../package.json' with { type: 'json' };
import { assetPath, packageRoot } from '../assets.ts';
import { UsageError } from './errors.ts';
import { shorten } from './failure.ts';

/** Returns what to print. Throws UsageError when a file would be overwritten; then nothing was written. */
export function createRepository(folder: string): string {
  const target = resolve(folder);
  const template = assetPath('src/cli/init-template');
  const files = [...readdirSync(template, { recursive: true, withFileTypes: true })]
    .filter((entry) => entry.isFile())
    .map((entry) => relative(template, join(entry.parentPath, entry.name)));
  refuseOverwriting(target, [...files.map(finalName), 'package.json']);
  mkdirSync(target, { recursive: true });
  cpSync(template, target, { recursive: true, errorOnExist: true, force: false });
  renameSync(join(target, 'gitignore'), join(target, '.gitignore'));
  writeFileSync(join(target, 'package.json'), `${JSON.stringify(manifest(target), null, 2)}\n`);
  const hint = ensureTypes() ? '' : 'No types for your editor: npm run types failed in the checkout of coreos-infra.\n';
  return nextSteps(target, files.map(finalName)) + hint;
}

/** A checkout makes the declarations that editors read only when somebody needs them: here. */
function ensureTypes(): boolean {
  const root = packageRoot();
  if (existsSync(join(root, 'dist/types')) || !existsSync(join(root, 'tsconfig.types.json'))) return true;
  return spawnSync('npm', ['run', '--silent', 'types'], { cwd: root, stdio: 'ignore' }).status === 0;
}

/** npm leaves files called .gitignore out of packages. */
function finalName(file: string): string {
  return file === 'gitignore' ? '.gitignore' : file;
}

function refuseOverwriting(target: string, files: readonly string[]): void {
  const present = files.filter((file) => existsSync(join(target, file)));
  if (present.length === 0) return;
  throw new UsageError(
    `${target} has ${present.slice(0, 3).join(', ')}${present.length > 3 ? ' and more' : ''} already`,
    {
      remedy: 'Nothing was written. Name another folder: run init FOLDER',
    },
  );
}

function manifest(target: string): object {
  const root = packageRoot();
  const isInstalled = root.includes('/node_modules/');
  const name = basename(target)
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[._-]+/, '');
  return {
    name: name === '' ? 'infra' : name,
    private: true,
    type: 'module',
    // For types in the editor, and for `npx run`; the command itself needs no install.
    dependencies: { 'coreos-infra': isInstalled ? `^${packageJson.version}` : `file:${root}` },
  };
}

function nextSteps(target: string, files: readonly string[]): string {
  const short = shorten(target);
  const enter = short === '' ? '' : `  cd ${short}\n`;
  return [
    `Wrote ${[...files, 'package.json'].sort().join(', ')}`,
    '',
    'Next:',
    `${enter}  edit inventory/hosts.yaml and inventory/zones`,
    '  run inventory check',
    '  run deploy-dns --check --diff',
    '',
  ].join('\n');
}
