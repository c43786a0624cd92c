/** All playbooks of a project. One that cannot be loaded must not keep a person from looking at the hosts. */
import { InfraError } from '../errors.ts';
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
