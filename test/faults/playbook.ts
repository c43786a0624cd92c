/** The playbook of the fault tests: CoreDNS as it is deployed, and beside it what makes a change set pass every step of the helper. */
import {
  command,
  definePlaybook,
  defineRole,
  directory,
  file,
  type Host,
  type Playbook,
  type Resource,
  rolling,
  Type,
  unit,
} from 'coreos-infra';
import { coredns } from '../../roles/coredns/index.ts';

export const FOLDER = '/var/lib/faults';
/** A unit that the var `faults_unit` describes. */
const UNIT = 'faults.service';

function textVar(host: Host, name: string): string {
  const value = host.vars[name];
  return typeof value === 'string' ? value : '';
}

/** Ten of them share two cores here: threads that wait for queries side by side cost most of what a query does. */
function quadletOf(content: string, word: string): string {
  return content
    .replace('CoreDNS (coreos-infra)', `CoreDNS (${word})`)
    .replace('[Container]\n', '[Container]\nEnvironment=GOMAXPROCS=1\n');
}

/** CoreDNS, with the service's word in its quadlet, and watched for one second after a start: deadlines here are of seconds. */
const served = defineRole({
  ...coredns,
  resources(context) {
    const word = textVar(context.host, 'faults_service');
    return coredns.resources(context).map((resource): Resource => {
      if (resource.kind === 'quadlet') return { ...resource, content: quadletOf(resource.content, word) };
      if (resource.kind === 'file' && context.host.vars['faults_validates'] !== true) {
        const { validate: _, ...rest } = resource;
        return rest;
      }
      return resource.kind === 'unit' ? { ...resource, settleSec: 1 } : resource;
    });
  },
});

/** A file on another mount than /etc, a command that can be undone, and on request a unit of its own or a command that fails. */
const beside = defineRole({
  name: 'beside',
  description: 'what CoreDNS does not need of a change set',
  vars: Type.Object({}),
  resources({ host }) {
    const word = textVar(host, 'faults_service');
    const unitText = textVar(host, 'faults_unit');
    const ran = `${FOLDER}/ran-${word}`;
    const service = unitText === '' ? [] : [file(`/etc/systemd/system/${UNIT}`, { content: unitText })];
    return [
      directory(FOLDER),
      file(`${FOLDER}/version`, { content: `${word}\n` }),
      command('run', { script: `touch ${ran}`, creates: ran, undo: `rm -f ${ran}` }),
      ...(host.vars['faults_fail'] === host.name
        ? [command('fail', { script: 'exit 1', unless: 'false', undo: 'true' })]
        : []),
      ...service,
      ...service.map((unitFile) => unit(UNIT, { restartOn: [unitFile] })),
    ];
  },
  /** One that never passes, on the host that the var names. */
  probes: ({ host }) =>
    host.vars['faults_probe'] === host.name ? [{ kind: 'tcp', address: host.address, port: 9 } as const] : [],
});

export function faultsPlaybook(): Playbook {
  return definePlaybook({
    name: 'deploy-faults',
    hosts: 'dns',
    strategy: rolling({ order: ['ns1', 'ns2'] }),
    roles: [beside, served],
  });
}
