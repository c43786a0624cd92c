/** Loading playbooks: what a user's mistakes look like, and that the cache is right when it answers. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { packageRoot } from '../../../src/assets.ts';
import { cacheFolder, readCache } from '../../../src/playbook/cache.ts';
import type { Playbook } from '../../../src/playbook/define.ts';
import { listPlaybooks } from '../../../src/playbook/find.ts';
import { loadPlaybook } from '../../../src/playbook/load.ts';

const PLAYBOOK = `/** Answers for our zones. */
import { definePlaybook } from 'coreos-infra';
import { HOSTS } from '../lib/hosts.ts';
type Unused = import('coreos-infra').Playbook;
export default definePlaybook({ name: 'deploy-web', hosts: HOSTS, roles: [] });
`;

let projectDir: string;

function write(path: string, content: string): string {
  const full = join(projectDir, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, content);
  return full;
}

function load(name: string): Promise<Playbook> {
  const file = listPlaybooks(projectDir).find((playbook) => playbook.name === name);
  if (file === undefined) throw new Error(`no ${name} in ${projectDir}`);
  return loadPlaybook(file, { projectDir, userCacheDir: join(projectDir, 'user-cache') });
}

beforeEach(() => {
  projectDir = mkdtempSync(join(tmpdir(), 'coreos-infra-load-'));
  write('lib/hosts.ts', "export const HOSTS: string = 'dns';\n");
  write('playbooks/deploy-web.ts', PLAYBOOK);
});

afterEach(() => rmSync(projectDir, { recursive: true, force: true }));

test('a playbook loads with the files that it imports', async () => {
  const playbook = await load('deploy-web');
  expect(playbook.plays[0]?.hosts).toBe('dns');
});

test('a change of an imported file is seen, and an unchanged playbook comes from the cache', async () => {
  await load('deploy-web');
  const key = { path: join(projectDir, 'playbooks/deploy-web.ts'), projectDir, programDir: packageRoot() };
  const folder = cacheFolder(projectDir, join(projectDir, 'user-cache'));
  expect(readCache(folder, key)).toMatch(/\.mjs$/);
  write('lib/hosts.ts', "export const HOSTS: string = 'ntp';\n");
  expect(readCache(folder, key)).toBeUndefined();
  expect((await load('deploy-web')).plays[0]?.hosts).toBe('ntp');
});

test('the cache lies in node_modules where there is one', async () => {
  mkdirSync(join(projectDir, 'node_modules'));
  await load('deploy-web');
  expect(existsSync(join(projectDir, 'node_modules/.cache/coreos-infra'))).toBe(true);
  expect(existsSync(join(projectDir, 'user-cache'))).toBe(false);
});

test('a playbook loads where nothing can be cached', async () => {
  write('user-cache', 'a file where the folder would be');
  expect((await load('deploy-web')).name).toBe('deploy-web');
});

test('a truncated cache entry is made anew', async () => {
  await load('deploy-web');
  const folder = cacheFolder(projectDir, join(projectDir, 'user-cache'));
  for (const name of readdirSync(folder).filter((entry) => entry.endsWith('.json')))
    writeFileSync(join(folder, name), '{"form');
  expect((await load('deploy-web')).name).toBe('deploy-web');
});

test('a syntax error names file, line and column and shows the line', async () => {
  write(
    'playbooks/broken.ts',
    "import { definePlaybook } from 'coreos-infra';\n\nexport default definePlaybook({ name: 'broken' hosts: 'dns' });\n",
  );
  await expect(load('broken')).rejects.toMatchObject({
    code: 'E_PLAYBOOK_COMPILE',
    message: expect.stringMatching(/broken\.ts:3:48: Expected "}" but found "hosts"/),
    where: { file: join(projectDir, 'playbooks/broken.ts'), line: 3, column: 48 },
    detail: expect.arrayContaining(["3  export default definePlaybook({ name: 'broken' hosts: 'dns' });"]),
  });
});

test('a syntax error in an imported file names that file', async () => {
  write('lib/hosts.ts', 'export const HOSTS = ;\n');
  await expect(load('deploy-web')).rejects.toMatchObject({
    code: 'E_PLAYBOOK_COMPILE',
    where: { file: join(projectDir, 'lib/hosts.ts'), line: 1 },
  });
});

test('an import of a role that the program does not have lists those that it has', async () => {
  write('playbooks/role.ts', "import { x } from 'coreos-infra/roles/corends';\nexport default x;\n");
  await expect(load('role')).rejects.toMatchObject({
    message: expect.stringContaining("there is no module 'coreos-infra/roles/corends'; there are: coreos-infra, "),
  });
});

test('an import of a package that is not installed names it', async () => {
  write('playbooks/package.ts', "import left from 'left-pad-of-nobody';\nexport default left;\n");
  await expect(load('package')).rejects.toMatchObject({
    code: 'E_PLAYBOOK_COMPILE',
    message: expect.stringContaining('left-pad-of-nobody'),
  });
});

test('a package of the project is imported from where it is installed, also when the cache is elsewhere', async () => {
  write('node_modules/zones/package.json', '{ "name": "zones", "type": "module", "exports": "./index.js" }');
  write('node_modules/zones/index.js', "export const HOSTS = 'from-package';\n");
  write('playbooks/deploy-web.ts', PLAYBOOK.replace('../lib/hosts.ts', 'zones'));
  expect((await load('deploy-web')).plays[0]?.hosts).toBe('from-package');
});

test("a role finds its templates by import.meta, although it runs from the cache's folder", async () => {
  write('lib/name.txt', 'beside-the-role');
  write(
    'lib/hosts.ts',
    "import { readFileSync } from 'node:fs';\nexport const HOSTS = readFileSync(new URL('./name.txt', import.meta.url), 'utf8');\n",
  );
  expect((await load('deploy-web')).plays[0]?.hosts).toBe('beside-the-role');
});

test('a playbook that throws while it is loaded is reported with its own line', async () => {
  write(
    'playbooks/throws.ts',
    'type A = string;\n\nconst zones: A[] = [];\nconst first = zones[0]!.length;\nexport default first;\n',
  );
  await expect(load('throws')).rejects.toMatchObject({
    code: 'E_PLAYBOOK_IMPORT',
    where: { file: join(projectDir, 'playbooks/throws.ts'), line: 4 },
  });
});

test('a missing default export, and one that is no playbook, are told apart', async () => {
  write('playbooks/none.ts', 'export const playbook = 1;\n');
  write('playbooks/other.ts', 'export default { name: "other" };\n');
  await expect(load('none')).rejects.toMatchObject({
    code: 'E_PLAYBOOK_SHAPE',
    message: expect.stringContaining('has no default export'),
  });
  await expect(load('other')).rejects.toMatchObject({
    code: 'E_PLAYBOOK_SHAPE',
    message: expect.stringContaining('is not a playbook'),
  });
});

test('a playbook is called as its file', async () => {
  write('playbooks/deploy-dns.ts', PLAYBOOK);
  await expect(load('deploy-dns')).rejects.toMatchObject({
    code: 'E_PLAYBOOK_SHAPE',
    remedy: expect.stringContaining('deploy-web.ts'),
  });
});

test.each(['status', 'exec', 'lab'])('a playbook called %s is refused: that is the name of a command', async (name) => {
  write(`playbooks/${name}.ts`, PLAYBOOK.replace('deploy-web', name));
  await expect(load(name)).rejects.toMatchObject({ code: 'E_PLAYBOOK_RESERVED_NAME' });
});

test('upgrade is a playbook', async () => {
  write('playbooks/upgrade.ts', PLAYBOOK.replace('deploy-web', 'upgrade'));
  expect((await load('upgrade')).name).toBe('upgrade');
});

test('folders, declarations, and files that begin with _ or . are not playbooks', () => {
  write('playbooks/_shared.ts', '');
  write('playbooks/types.d.ts', '');
  write('playbooks/README.md', '');
  write('playbooks/.hidden.ts', '');
  expect(listPlaybooks(projectDir).map(({ name }) => name)).toEqual(['deploy-web']);
});

test('a project reached through a symlink loads', async () => {
  const link = `${projectDir}-link`;
  symlinkSync(projectDir, link);
  try {
    const [file] = listPlaybooks(link);
    expect(
      file && (await loadPlaybook(file, { projectDir: link, userCacheDir: join(projectDir, 'user-cache') })).name,
    ).toBe('deploy-web');
  } finally {
    rmSync(link);
  }
});
