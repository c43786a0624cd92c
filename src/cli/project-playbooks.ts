/** All playbooks of a project. One that cannot be loaded must not keep a person from looking at the hosts. */
import type { Zone } from '../dns/zone.ts';
import type { HostRole } from '../engine/host-roles.ts';
import { InfraError } from '../errors.ts';
import type { Inventory } from '../inventory/model.ts';
import type { Playbook } from '../playbook/define.ts';
import { type Project, userCacheDir } from './context.ts';

export interface ProjectPlaybooks {
  /** In alphabetical order. */
  readonly playbooks: readonly Playbook[];
  /** Of those that cannot be loaded. */
  readonly problems: readonly InfraError[];
}

export async function loadProjectPlaybooks(project: Project): Promise<ProjectPlaybooks> {
  const [{ listPlayPlaybooks }, { loadPlaybook }] = await Promise.all([
    import('../playbook/find.ts'),
    import('../playbook/load.ts'),
  ]);
  const playbooks: Playbook[] = [];
  const problems: InfraError[] = [];
  const loaded = await Promise.all(
    listPlayPlaybooks(project.dir).map((file) =>
      loadPlaybook(file, { projectDir: project.dir, userCacheDir: userCacheDir() }).catch((error: unknown) => {
        if (error instanceof InfraError) return error;
        throw error;
      }),
    ),
  );
  for (const one of loaded) {
    if (one instanceof InfraError) problems.push(one);
    else playbooks.push(one);
  }
  return { playbooks, problems };
}

/** What every host has by all playbooks; loaded once, when somebody asks. What cannot be described is nobody's concern here. */
export function rolesOfProject(
  project: Project,
  inventory: Inventory,
  zones: () => readonly Zone[],
): () => Promise<readonly HostRole[]> {
  let known: Promise<readonly HostRole[]> | undefined;
  const load = async (): Promise<readonly HostRole[]> => {
    const [{ playbooks }, { hostRoles }] = await Promise.all([
      loadProjectPlaybooks(project),
      import('../engine/host-roles.ts'),
    ]);
    return hostRoles({ playbooks, inventory, zones }).roles;
  };
  return () => (known ??= load());
}
