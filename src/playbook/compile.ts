/** Transpiles a playbook and the files that it imports into one module. Loads esbuild: only called when the cache has nothing. */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BuildFailure, Loader, Message, Plugin } from 'esbuild';
import { PlaybookCompileError } from './errors.ts';
import { OWN_PACKAGE, type OwnModules } from './own-modules.ts';

export interface Compiled {
  readonly code: string;
  /** Absolute paths of all files that went into it. */
  readonly inputs: readonly string[];
}

/** Throws PlaybookCompileError with file, line and column of the first mistake. */
export async function compilePlaybook(path: string, own: OwnModules): Promise<Compiled> {
  const esbuild = await import('esbuild');
  try {
    const result = await esbuild.build({
      absWorkingDir: dirname(path),
      entryPoints: [path],
      bundle: true,
      write: false,
      metafile: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      conditions: ['node', 'import'], // as Node itself resolves
      sourcemap: 'inline',
      sourcesContent: false,
      outfile: `${path}.mjs`, // never written: what the source map is relative to
      sourceRoot: `${dirname(path)}/`,
      // A tsconfig.json must not change what a playbook does; it would have to be part of the cache key.
      tsconfigRaw: { compilerOptions: { target: 'es2023', verbatimModuleSyntax: true } },
      plugins: [programModules(own), packagesStayOutside(), ownLocation(esbuild)],
      logLevel: 'silent',
    });
    const [output] = result.outputFiles;
    if (output === undefined) throw new Error(`esbuild wrote nothing for ${path}`);
    const inputs = Object.keys(result.metafile.inputs).map((input) => resolve(dirname(path), input));
    return { code: output.text, inputs };
  } catch (error) {
    if (!isBuildFailure(error)) throw error;
    throw compileError(path, error);
  }
}

/** `coreos-infra/…`, and the program's own roles by path, become the modules that are loaded already. */
function programModules(own: OwnModules): Plugin {
  return {
    name: 'program-modules',
    setup(build) {
      build.onResolve({ filter: new RegExp(`^${OWN_PACKAGE}($|/)`) }, ({ path }) => {
        const found = own.resolve(path);
        if ('path' in found) return { path: pathToFileURL(found.path).href, external: true };
        return { errors: [{ text: `there is no module '${path}'; there are: ${found.known.join(', ')}` }] };
      });
      build.onResolve({ filter: /^\.{1,2}\/.*\/index\.ts$/ }, ({ path, resolveDir }) => {
        const found = own.ofSource(resolve(resolveDir, path));
        return found === undefined ? undefined : { path: pathToFileURL(found).href, external: true };
      });
    },
  };
}

/** Packages are imported from where they are installed: the cache may lie in another folder than the playbook. */
function packagesStayOutside(): Plugin {
  return {
    name: 'packages-stay-outside',
    setup(build) {
      build.onResolve({ filter: /^[^./]/ }, async ({ path, kind, resolveDir, pluginData }) => {
        if (pluginData === 'resolving' || kind === 'entry-point' || path.startsWith('file:')) return undefined;
        const found = await build.resolve(path, { kind, resolveDir, pluginData: 'resolving' });
        if (found.errors.length > 0) return { errors: found.errors };
        return { path: found.path.startsWith('/') ? pathToFileURL(found.path).href : found.path, external: true };
      });
    },
  };
}

/** `import.meta.url` of a role keeps naming the role's own file, so that it finds its templates. */
function ownLocation(esbuild: typeof import('esbuild')): Plugin {
  return {
    name: 'own-location',
    setup(build) {
      build.onLoad({ filter: /\.m?[jt]s$/ }, async ({ path }) => {
        const text = await readFile(path, 'utf8');
        const loader: Loader = /\.m?ts$/.test(path) ? 'ts' : 'js';
        if (!text.includes('import.meta')) return { contents: text, loader };
        const { code } = await esbuild.transform(text, {
          loader,
          sourcefile: path,
          sourcemap: 'inline',
          define: {
            'import.meta.url': JSON.stringify(pathToFileURL(path).href),
            'import.meta.filename': JSON.stringify(path),
            'import.meta.dirname': JSON.stringify(dirname(path)),
          },
        });
        return { contents: code, loader: 'js' };
      });
    },
  };
}

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && 'errors' in error && Array.isArray(error.errors);
}

function compileError(path: string, failure: BuildFailure): PlaybookCompileError {
  const [first, ...others] = failure.errors;
  const further = others.slice(0, 4).map((message) => `also ${place(path, message)}${message.text}`);
  const location = first?.location ?? undefined;
  const file = location === undefined ? path : resolve(dirname(path), location.file);
  return new PlaybookCompileError(
    `${location === undefined ? file : `${file}:${location.line}:${location.column + 1}`}: ${first?.text ?? failure.message}`,
    {
      where: { file, ...(location === undefined ? {} : { line: location.line, column: location.column + 1 }) },
      detail: [...(location === undefined ? [] : pointer(location)), ...further],
      remedy: 'Correct the file, then run the same command again. Types are checked by: npm run typecheck',
      cause: failure,
    },
  );
}

/** The source line with a mark below the place. */
function pointer({ line, column, lineText, length }: NonNullable<Message['location']>): readonly string[] {
  const number = String(line);
  const indent = lineText.slice(0, column).replace(/[^\t]/g, ' ');
  return [`${number}  ${lineText}`, `${' '.repeat(number.length + 2)}${indent}${'^'.repeat(Math.max(1, length))}`];
}

function place(path: string, { location }: Message): string {
  return location === null ? '' : `${resolve(dirname(path), location.file)}:${location.line}: `;
}
