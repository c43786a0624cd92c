/** What `coreos-infra/…` means in a playbook: the modules of the running program, so that both share one instance. */
import { existsSync, readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { packageRoot } from '../assets.ts';

export interface OwnModules {
  /** Absolute path of the built module, or what is there instead. */
  resolve(specifier: string): { readonly path: string } | { readonly known: readonly string[] };
  /** The built module of one of the program's own sources (`…/roles/coredns/index.ts`), if it is an entry of the build. */
  ofSource(path: string): string | undefined;
}

export const OWN_PACKAGE = 'coreos-infra';

/** The modules below `<root>/dist`; `root` is the package's folder. */
export function ownModules(root: string = packageRoot()): OwnModules {
  const dist = join(root, 'dist');
  const built = (file: string): string | undefined => {
    const path = join(dist, file);
    return existsSync(path) ? path : undefined;
  };
  return {
    resolve(specifier) {
      const path = built(`${specifier === OWN_PACKAGE ? 'index' : specifier.slice(OWN_PACKAGE.length + 1)}.js`);
      return path === undefined ? { known: knownSpecifiers(dist) } : { path };
    },
    ofSource(path) {
      const role = /^roles[/\\]([^/\\]+)[/\\]index\.ts$/.exec(relative(root, path))?.[1];
      return role === undefined ? undefined : built(`roles${sep}${role}.js`);
    },
  };
}

function knownSpecifiers(dist: string): readonly string[] {
  let roles: readonly string[] = [];
  try {
    roles = readdirSync(join(dist, 'roles')).filter((name) => name.endsWith('.js'));
  } catch {
    // built without roles
  }
  return [OWN_PACKAGE, `${OWN_PACKAGE}/probes`, ...roles.map((name) => `${OWN_PACKAGE}/roles/${name.slice(0, -3)}`)];
}
