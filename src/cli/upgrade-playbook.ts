/** playbooks/upgrade.ts of a project, or the defaults where it has none. */
import { listPlaybooks, UPGRADE_PLAYBOOK } from '../playbook/find.ts';
import { DEFAULT_UPGRADE, type Upgrade } from '../upgrade/define.ts';
import { type Project, userCacheDir } from './context.ts';
import { UsageError } from './errors.ts';

/** Throws what is wrong with the file; `required`: also that there is none. */
export async function loadProjectUpgrade(project: Project, required: boolean): Promise<Upgrade> {
  const file = listPlaybooks(project.dir).find(({ name }) => name === UPGRADE_PLAYBOOK);
  if (file === undefined) {
    if (!required) return DEFAULT_UPGRADE;
    throw new UsageError(`${project.dir} has no playbooks/upgrade.ts`, {
      remedy: "Make one: export default defineUpgrade({ name: 'upgrade' })",
    });
  }
  const { loadUpgrade } = await import('../playbook/load.ts');
  return loadUpgrade(file, { projectDir: project.dir, userCacheDir: userCacheDir() });
}
