/** The container images of a lab: from their registry where one answers, else built here, under the name that the roles use. */
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { assetPath } from '../assets.ts';
import { InfraError } from '../errors.ts';
import type { Inventory } from '../inventory/model.ts';
import { artifactPath, basePath, ensureArtifact, ensureOs, keyOf } from './artifacts.ts';
import { LabError } from './errors.ts';
import { hash, labFolder } from './paths.ts';
import type { Log } from './progress.ts';
import { step } from './progress.ts';
import { run, runScript, scriptPath } from './shell.ts';

/** How the lab builds an image that no registry gives. */
interface Recipe {
  /** Below src/lab/images. Images of one folder and version are made of one context: their layers are the same. */
  readonly folder: string;
  /** The version that hosts get when the inventory names none; undefined: then they get none. */
  readonly pinned?: () => string;
  /** Versions that it can build, for people. */
  readonly versions: () => string;
}

const COREDNS: Recipe = {
  folder: 'coredns',
  pinned: () => pinnedVersion('coredns'),
  versions: () => `a version that its Go module has, such as ${pinnedVersion('coredns')}`,
};
const KEA: Recipe = { folder: 'kea', versions: () => 'a version that Debian trixie or its backports have' };

/** Images that can be built, by upstream name (without tag). */
const RECIPES: Readonly<Record<string, Recipe>> = {
  'docker.io/coredns/coredns': COREDNS,
  'docker.cloudsmith.io/isc/docker/kea-dhcp4': KEA,
  'docker.cloudsmith.io/isc/docker/kea-dhcp6': KEA,
};

/** What hosts of this inventory run: their vars `<role>_image`, and the images that the lab builds, as pinned here. */
export function imagesOf(inventory: Pick<Inventory, 'hosts'>): string[] {
  const named = [...inventory.hosts.values()].flatMap((host) =>
    Object.entries(host.vars).flatMap(([key, value]) =>
      key.endsWith('_image') && typeof value === 'string' ? [value] : [],
    ),
  );
  const isNamed = (name: string): boolean => named.some((image) => image.startsWith(`${name}:`));
  const pinned = Object.entries(RECIPES).flatMap(([name, { pinned }]) =>
    pinned === undefined || isNamed(name) ? [] : [`${name}:${pinned()}`],
  );
  return [...new Set([...named, ...pinned])];
}

/** The version that a recipe's go.mod pins: `require github.com/coredns/coredns v1.15.0`. */
function pinnedVersion(folder: string): string {
  const goMod = readFileSync(assetPath(`src/lab/images/${folder}/go.mod`), 'utf8');
  return /^require \S+ v(\S+)$/m.exec(goMod)?.[1] ?? '';
}

const REGISTRY_ANSWERS_MS = 3_000;

export interface ImageBuild {
  readonly reference: string;
  /** Folder with image.tar, an OCI archive; resolves once the root tree, which `base` promises, is there too. */
  readonly archive: Promise<string>;
}

/** Starts making every image; compiling goes on beside the build of the root tree (`base`). */
export function startImages(references: readonly string[], base: Promise<string>, log: Log): ImageBuild[] {
  for (const reference of references) parseReference(reference);
  return references.map((reference) => {
    const archive = makeImage(reference, base, log);
    archive.catch(() => undefined); // awaited later; until then it must not count as unhandled
    return { reference, archive };
  });
}

async function makeImage(reference: string, base: Promise<string>, log: Log): Promise<string> {
  const { name, tag } = parseReference(reference);
  const pulled = `image-${hash(reference, 16)}`;
  const image = (artifact: string, title: string, source: string): Promise<string> =>
    base.then((folder) =>
      ensureArtifact(artifact, title, scriptPath('image-archive.sh'), [folder, reference, source], log),
    );
  if (existsSync(artifactPath(pulled))) return image(pulled, '', '-');
  const recipe = RECIPES[name];
  const builtKey = recipe === undefined ? '' : recipeKey(recipe, tag);
  const built = `image-${builtKey}-${hash(reference, 8)}`;
  if (recipe !== undefined && existsSync(artifactPath(built))) return image(built, '', '-');

  if (await registryAnswers(name)) {
    try {
      return await image(pulled, `pulling ${reference}`, '-');
    } catch (error) {
      if (recipe === undefined) throw error;
      log(`${reference} could not be pulled: building it here`);
    }
  }
  if (recipe === undefined) {
    throw new LabError(`no registry answers for ${reference}, and the lab has no recipe for it`, {
      remedy: `Use an image that the lab can build (${Object.keys(RECIPES).join(', ')}), or a machine that reaches its registry.`,
    });
  }
  const context = await compile(recipe, reference, base, log);
  return image(built, `making the image ${reference}`, context);
}

/** Compiles the program of an image; its folder is what the image is made of. */
async function compile(recipe: Recipe, reference: string, base: Promise<string>, log: Log): Promise<string> {
  const { name, tag } = parseReference(reference);
  const script = assetPath(`src/lab/images/${recipe.folder}/build.sh`);
  if (!(await canBuildOutside(recipe))) await base;
  const args = [tag, basePath(), scriptPath('go-program.sh')];
  try {
    return await ensureArtifact(
      `${recipe.folder}-${recipeKey(recipe, tag)}`,
      `building ${name} ${tag}`,
      script,
      args,
      log,
    );
  } catch (cause) {
    throw new LabError(`the lab cannot build ${reference}`, {
      remedy: `Use ${recipe.versions()}, and see that it can be fetched from here.`,
      detail: cause instanceof InfraError ? cause.detail : [],
      cause,
    });
  }
}

/** The program of an image that the lab can build, to run on this machine: tests let it judge what is written for it. */
export async function programOf(reference: string, log: Log): Promise<string> {
  const { name } = parseReference(reference);
  const recipe = RECIPES[name];
  if (recipe === undefined)
    throw new LabError(`the lab has no recipe for ${reference}`, {
      remedy: `It builds ${Object.keys(RECIPES).join(', ')}.`,
    });
  const base = (await canBuildOutside(recipe)) ? Promise.resolve(basePath()) : ensureOs(log).then((os) => os.base);
  return join(await compile(recipe, reference, base, log), recipe.folder);
}

/** The store that all hosts of the lab read: a new one is a copy of a cached one, to an existing one the images are added. */
export async function fillImageStore(
  labName: string,
  base: string,
  builds: readonly ImageBuild[],
  log: Log,
): Promise<void> {
  const archives = (await Promise.all(builds.map((build) => build.archive))).sort();
  const store = join(labFolder(labName), 'images');
  const title =
    builds.length === 0
      ? 'making an empty image store'
      : `loading ${builds.map((build) => build.reference).join(', ')}`;
  if (existsSync(store)) {
    const args = [store, base, `${store}.scratch`, ...archives];
    await step(log, title, () => runScript('image-store.sh', args, { what: 'loading images' }));
    return;
  }
  const key = keyOf(
    [scriptPath('image-set.sh'), scriptPath('image-store.sh')],
    ...[base, ...archives].map((path) => basename(path)),
  );
  const set = await ensureArtifact(`images-${key}`, title, scriptPath('image-set.sh'), [base, ...archives], log);
  const copy = 'rm -rf "$2.new" && cp -a --reflink=auto "$1" "$2.new" && mv -T "$2.new" "$2"';
  await run(['sh', '-c', copy, '-', join(set, 'images'), store], { what: 'copying images' });
}

function recipeKey({ folder }: Recipe, tag: string): string {
  return keyOf([assetPath(`src/lab/images/${folder}`)], tag);
}

/** Whether the recipe's compiler is on this machine; if not, the recipe needs the root tree. */
async function canBuildOutside({ folder }: Recipe): Promise<boolean> {
  const script = assetPath(`src/lab/images/${folder}/build.sh`);
  return runScript(script, ['--builds-outside', scriptPath('go-program.sh')], { what: 'looking for a compiler' }).then(
    () => true,
    () => false,
  );
}

async function registryAnswers(name: string): Promise<boolean> {
  try {
    const response = await fetch(`https://${name.split('/')[0]}/v2/`, {
      redirect: 'manual',
      signal: AbortSignal.timeout(REGISTRY_ANSWERS_MS),
    });
    return response.status < 400 || response.status === 401;
  } catch {
    return false;
  }
}

function parseReference(reference: string): { name: string; tag: string } {
  const match = /^([a-z0-9.-]+\.[a-z0-9.-]+(?::\d+)?(?:\/[a-z0-9._-]+)+):([A-Za-z0-9_][A-Za-z0-9._-]*)$/.exec(
    reference,
  );
  if (match === null) {
    throw new LabError(`the lab cannot supply the image ${reference}: it needs a full name with a tag`, {
      remedy: 'Write it as registry/name:tag, for example docker.io/coredns/coredns:1.15.0.',
    });
  }
  return { name: match[1] ?? '', tag: match[2] ?? '' };
}
