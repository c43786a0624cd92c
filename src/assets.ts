/** Finds files that ship with the package (shell scripts, the lab's sources), from the sources and from the bundle alike. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

let root: string | undefined;

/** The folder that holds this package's package.json (absolute). */
export function packageRoot(): string {
  if (root === undefined) {
    let folder = dirname(fileURLToPath(import.meta.url));
    while (!existsSync(join(folder, 'package.json'))) {
      const parent = dirname(folder);
      if (parent === folder) throw new Error('coreos-infra: no package.json above the program: broken installation');
      folder = parent;
    }
    root = folder;
  }
  return root;
}

/** Absolute path of a shipped file, e.g. `assetPath('src/host/observe.sh')`. */
export function assetPath(relative: string): string {
  return join(packageRoot(), relative);
}
