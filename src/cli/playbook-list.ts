/** --list-hosts and --list-tasks: what a playbook is about, without asking any host. */
import { EXIT, type ExitCode } from '../errors.ts';
import type { Play } from '../playbook/define.ts';
import { jsonLine } from '../report/ndjson.ts';
import { resourceLabel } from '../report/words.ts';
import type { PlaybookFlags } from './playbook-options.ts';
import type { Target } from './playbook-target.ts';

interface PlayList {
  /** The playbook that it comes from, where several are run as one. */
  readonly from?: string;
  /** What must hold before its first host is changed. */
  readonly gates: readonly string[];
  readonly pattern: string;
  readonly hosts: readonly string[];
  readonly roles: readonly RoleList[];
}

interface RoleList {
  readonly name: string;
  readonly tags: readonly string[];
  readonly description: string;
  /** As the first of the hosts has them. */
  readonly resources: readonly string[];
}

export async function listPlaybook(target: Target, flags: PlaybookFlags): Promise<ExitCode> {
  const { name } = target.playbook;
  const plays: PlayList[] = [];
  for (const play of target.playbook.plays) plays.push(await describePlay(target, play, flags));
  process.stdout.write(flags.json === true ? jsonLine({ playbook: name, plays }) : text(name, plays, flags));
  return EXIT.ok;
}

async function describePlay({ inventory, zones }: Target, play: Play, flags: PlaybookFlags): Promise<PlayList> {
  const [{ selectHosts }, { desiredHost, selectRoles }] = await Promise.all([
    import('../inventory/pattern.ts'),
    import('../engine/desired.ts'),
  ]);
  const members = selectHosts(inventory, play.hosts);
  const hosts = selectHosts(inventory, play.hosts, { limit: flags.limit });
  const [first] = hosts;
  const resourcesOf = (use: Play['roles'][number]): readonly string[] => {
    if (flags.listTasks !== true || first === undefined) return [];
    return desiredHost(first, { uses: [use], members, inventory, zones }).resources.map(({ resource }) => resource.id);
  };
  return {
    ...(play.from === undefined ? {} : { from: play.from }),
    gates: play.gates.map(
      ({ name, hosts: asked, role: { role }, withinSec }) =>
        `${name}: ${role.name} answers on ${asked}, within ${withinSec} s`,
    ),
    pattern: play.hosts,
    hosts: hosts.map(({ name }) => name),
    roles: selectRoles(play, { tags: flags.tags ?? [], skipTags: flags.skipTags ?? [] }).map((use) => ({
      name: use.role.name,
      tags: [use.role.name, ...use.tags],
      description: use.role.description,
      resources: resourcesOf(use),
    })),
  };
}

function text(playbook: string, plays: readonly PlayList[], flags: PlaybookFlags): string {
  const lines = plays.flatMap(({ from, gates, pattern, hosts, roles }, index) => [
    ...(flags.listTasks === true ? gates.map((gate) => `gate · ${gate}`) : []),
    `${playbook}${plays.length > 1 ? `, play ${index + 1}` : ''}${from === undefined ? '' : ` (${from})`} · hosts: ${pattern} (${hosts.length})`,
    ...(flags.listHosts === true ? hosts.map((host) => `  ${host}`) : []),
    ...(flags.listTasks === true ? roles.flatMap(roleLines) : []),
  ]);
  return `${lines.join('\n')}\n`;
}

function roleLines({ name, tags, description, resources }: RoleList): readonly string[] {
  return [`  ${name}: ${description}  [${tags.join(', ')}]`, ...resources.map((id) => `    ${resourceLabel(id)}`)];
}
