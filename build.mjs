/** Builds dist/: the program in one file, and the small modules that load it (docs/adr/0001). Called by ./run, npm and CI. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, formatMessages } from 'esbuild';

const root = dirname(fileURLToPath(import.meta.url));
const dist = join(root, 'dist');
const startedAt = new Date();

/** What `coreos-infra/…` means, for our own sources: the file, so that every bundle shares one instance. */
function ownModule(path) {
  if (path === 'coreos-infra') return join(root, 'src/index.ts');
  if (path === 'coreos-infra/probes') return join(root, 'src/probes/index.ts');
  const role = /^coreos-infra\/roles\/([^/]+)$/.exec(path)?.[1];
  return role === undefined ? undefined : join(root, 'roles', role, 'index.ts');
}

const selfReference = {
  name: 'self-reference',
  setup(context) {
    context.onResolve({ filter: /^coreos-infra($|\/)/ }, ({ path }) => ({ path: ownModule(path) }));
    // libsql finds its native program in a slow way (src/store/native-target.ts).
    context.onResolve({ filter: /^(@neon-rs\/load|detect-libc)$/ }, () => ({
      path: join(root, 'src/store/native-target.ts'),
    }));
    // ssh2 tries these compiled speed-ups and does without: so `npm ci --ignore-scripts` is enough.
    context.onResolve({ filter: /^cpu-features$|\.node$/ }, ({ path }) => ({ path, external: true }));
  },
};

/** What the program can be asked for (src/program.ts), and the source of each. */
function entryPoints() {
  const entries = { main: 'src/cli/main.ts', index: 'src/index.ts', probes: 'src/probes/index.ts' };
  for (const role of readdirSync(join(root, 'roles'))) entries[`roles/${role}`] = `roles/${role}/index.ts`;
  return Object.fromEntries(Object.entries(entries).filter(([, path]) => existsSync(join(root, path))));
}

/** Written beside and renamed: a command that is running never sees half a file. */
function writeAtomically(path, contents) {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, contents);
  renameSync(temporary, path);
}

const common = {
  absWorkingDir: root,
  bundle: true,
  write: false,
  platform: 'node',
  target: 'node20',
  legalComments: 'none',
  logLevel: 'silent',
};

/** All sources and packages in one script; modules in it are evaluated when they are first imported, `await import` included. */
async function buildProgram(entries) {
  const getters = Object.entries(entries).map(([name, path]) => `${JSON.stringify(name)}: () => require('./${path}')`);
  const { outputFiles, metafile } = await build({
    ...common,
    stdin: { contents: `module.exports = {${getters.join()}};`, resolveDir: root, sourcefile: 'entries.js' },
    metafile: true,
    format: 'cjs',
    external: ['esbuild'],
    plugins: [selfReference],
    define: { 'import.meta.url': '__programUrl' },
  });
  const text = outputFiles[0].text.replace(/\bawait import\(/g, 'await __import(');
  if (/(?<![\w.$'"`])import\(/.test(text))
    throw new Error("build.mjs: a module that stays outside is loaded by 'await import(…)'");
  // esbuild escapes strings; what is left are regular expressions and comments. One byte per character halves V8's copy.
  const ascii = text.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
  const body = `(function (require, module, exports, __programUrl, __dirname, __import) {'use strict'; ${ascii}\n})`;
  return { text: `//${createHash('sha256').update(body).digest('hex').slice(0, 16)}\n${body}`, metafile };
}

/** The two ES modules that load it: the command, and what the package exports. */
async function buildLoader() {
  const loader = await build({
    ...common,
    entryPoints: ['src/program.ts', 'src/cli/start.ts'],
    outdir: dist,
    format: 'esm',
    bundle: false,
  });
  const [program, cli] = loader.outputFiles;
  return { 'program.js': program.text, 'cli.js': cli.text.replace('../program.ts', './program.js') };
}

/** An ES module with the exports of an entry point; its names are known only when it is evaluated, which connects to nothing. */
function facade(name, exports) {
  const names = Object.keys(exports).filter((key) => key !== 'default');
  const lines = [
    `import { load } from '${name.includes('/') ? '..' : '.'}/program.js';`,
    `const loaded = load('${name}');`,
    ...(names.length > 0 ? [`export const { ${names.join(', ')} } = loaded;`] : []),
    ...('default' in exports ? ['export default loaded.default;'] : []),
  ];
  return `${lines.join('\n')}\n`;
}

/** What V8 compiled of earlier builds (src/program.ts). A process that still reads it has it in memory already. */
function dropCompiled() {
  rmSync(join(dist, 'compiled'), { recursive: true, force: true });
}

/** dist/.built carries the time at which this build *began*: what changes meanwhile is newer. */
function stamp() {
  const path = join(dist, '.built');
  writeAtomically(path, '');
  utimesSync(path, startedAt, startedAt);
}

try {
  const entries = entryPoints();
  const { text, metafile } = await buildProgram(entries);
  writeAtomically(join(dist, 'program.cjs'), text);
  const files = await buildLoader();
  for (const [name, contents] of Object.entries(files)) writeAtomically(join(dist, name), contents);
  const { load } = await import(pathToFileURL(join(dist, 'program.js')).href);
  for (const name of Object.keys(entries).filter((entry) => entry !== 'main')) {
    files[`${name}.js`] = facade(name, load(name));
    writeAtomically(join(dist, `${name}.js`), files[`${name}.js`]);
  }
  const outputs = Object.fromEntries(['program.cjs', ...Object.keys(files)].map((name) => [`dist/${name}`, {}]));
  writeAtomically(join(dist, 'meta.json'), JSON.stringify({ inputs: metafile.inputs, outputs }));
  dropCompiled();
  stamp();
} catch (error) {
  const errors = error?.errors ?? [];
  if (errors.length === 0) throw error;
  const lines = await formatMessages(errors, { kind: 'error', color: process.stderr.isTTY === true });
  process.stderr.write(
    `coreos-infra does not build (${relative(process.cwd(), resolve(root)) || '.'}):\n\n${lines.join('')}`,
  );
  process.exitCode = 1;
}
