/** Builds dist/: the command in one small file, everything heavy in chunks that load when used. Called by ./run, npm and CI. */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
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

function entryPoints() {
  const entries = { cli: 'src/cli/start.ts', index: 'src/index.ts', probes: 'src/probes/index.ts' };
  for (const role of readdirSync(join(root, 'roles'))) {
    entries[`roles/${role}`] = `roles/${role}/index.ts`;
  }
  return Object.fromEntries(Object.entries(entries).filter(([, path]) => existsSync(join(root, path))));
}

/** Written beside and renamed: a command that is running never sees half a file. */
function writeAtomically(path, contents) {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, contents);
  renameSync(temporary, path);
}

/** Chunks of earlier builds stay for an hour: a run that is going on may still load them. */
function pruneOldChunks(current) {
  const chunks = join(dist, 'chunks');
  if (!existsSync(chunks)) return;
  for (const name of readdirSync(chunks)) {
    const path = join(chunks, name);
    if (!current.has(path) && startedAt.getTime() - statSync(path).mtimeMs > 3_600_000) rmSync(path, { force: true });
  }
}

async function bundle() {
  return build({
    absWorkingDir: root,
    entryPoints: entryPoints(),
    outdir: dist,
    bundle: true,
    splitting: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    chunkNames: 'chunks/[name]-[hash]',
    external: ['esbuild'],
    plugins: [selfReference],
    // CommonJS packages in an ES module bundle call require() for Node's own modules, and ssh2 names its own folder.
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url); const __dirname = import.meta.dirname;",
    },
    legalComments: 'none',
    logLevel: 'silent',
  });
}

/** dist/.built carries the time at which this build *began*: what changes meanwhile is newer. */
function stamp() {
  const path = join(dist, '.built');
  writeAtomically(path, '');
  utimesSync(path, startedAt, startedAt);
}

try {
  const result = await bundle();
  const current = new Set();
  // Chunks first: what imports them must never be there without them.
  const isChunk = ({ path }) => path.includes('/chunks/');
  for (const file of result.outputFiles.toSorted((a, b) => Number(isChunk(b)) - Number(isChunk(a)))) {
    current.add(file.path);
    writeAtomically(file.path, file.contents);
  }
  pruneOldChunks(current);
  writeAtomically(join(dist, 'meta.json'), JSON.stringify(result.metafile));
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
