/** What a host is, at one moment: which version each of its parts is of, whether that is what its record says, and what is left lying about. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { askUdp } from '../../src/probes/dns-exchange.ts';
import { type Content, VERSION_NAME } from './content.ts';
import type { HostView } from './host-view.ts';
import { FOLDER } from './playbook.ts';

/** Where each part of the content shows. */
export interface Parts {
  readonly zone: string;
  readonly corefile: string;
  readonly quadlet: string;
  readonly file: string;
  readonly command: string;
  /** What CoreDNS answers. */
  readonly served: string;
}

/** What a host that holds all of `content` is made of. */
export function partsOf(content: Content): Parts {
  const { version, service } = content;
  return { zone: version, corefile: version, quadlet: service, file: service, command: 'ran', served: version };
}

/** `old`, `new`, or what is mixed or not as the host's own record says. */
export async function wholeness(view: HostView, old: Content, wanted: Content): Promise<string> {
  const word = (await isAll(view, old)) ? 'old' : (await isAll(view, wanted)) ? 'new' : undefined;
  const problems = await recordProblems(view);
  const said = word ?? `mixed: ${JSON.stringify(await partsSeen(view, wanted))}`;
  return problems.length === 0 ? said : `${said}, but ${problems.join('; ')}`;
}

async function isAll(view: HostView, content: Content): Promise<boolean> {
  const [seen, parts] = [await partsSeen(view, content), partsOf(content)];
  return Object.entries(seen).every(([key, value]) => value === parts[key as keyof Parts]);
}

/** Whether the command of `content` ran and was not undone. */
export function hasRun(view: HostView, { service }: Content): boolean {
  return view.exists(`${FOLDER}/ran-${service}`);
}

async function partsSeen(view: HostView, content: Content): Promise<Parts> {
  const first = (path: string, pattern: RegExp): string => pattern.exec(view.read(path) ?? '')?.[1] ?? 'none';
  return {
    zone: first('/etc/coredns/zones/db.example.com', /TXT\s+"(\w+)"/),
    corefile: first('/etc/coredns/Corefile', /# (v\w+)/),
    quadlet: first('/etc/containers/systemd/coredns.container', /CoreDNS \((\w+)\)/),
    file: view.read(`${FOLDER}/version`) ?? 'none',
    command: hasRun(view, content) ? 'ran' : 'not run',
    served: await servedVersion(view),
  };
}

/** What the host's CoreDNS answers for the version's name; also proves that the Corefile on disk is the one that is loaded. */
export async function servedVersion(view: HostView): Promise<string> {
  const { address: server } = view.host;
  const ask = { server, port: 53, recursive: false };
  const [record, version] = await askUdp(
    [
      { ...ask, name: VERSION_NAME, type: 'TXT', class: 'IN' },
      { ...ask, name: 'version.bind', type: 'TXT', class: 'CH' },
    ],
    { timeoutMs: 2_000, tries: 3 },
  );
  const written = /chaos (\S+)/.exec(view.read('/etc/coredns/Corefile') ?? '')?.[1] ?? 'none';
  const loaded = textOf(version);
  return loaded === written ? textOf(record) : `${textOf(record)} of the Corefile ${loaded}, on disk is ${written}`;
}

function textOf(outcome: Awaited<ReturnType<typeof askUdp>>[number] | undefined): string {
  if (outcome === undefined || 'failure' in outcome) return outcome?.failure ?? 'not asked';
  const answer = outcome.packet.answers?.[0];
  return answer?.type === 'TXT' ? [answer.data].flat().map(String).join('') : 'no TXT record';
}

/** Fields of an entry in a generation's `managed`. */
const FIELDS = 8;

/** The marker, the newest confirmed generation and the files of it, by hash and mode, agree. */
async function recordProblems(view: HostView): Promise<readonly string[]> {
  const newest = Math.max(0, ...view.list('/var/lib/coreos-infra/generations').map(Number));
  const marker = view.read('/etc/coreos-infra/generation') ?? 'none';
  const problems = marker === String(newest) ? [] : [`the marker says ${marker}, the newest generation is ${newest}`];
  const fields = (view.read(`/var/lib/coreos-infra/generations/${newest}/managed`) ?? '').split('\0');
  for (let index = 0; index + FIELDS <= fields.length; index += FIELDS) {
    const [, , path = '', sha256, mode = ''] = fields.slice(index, index + FIELDS);
    if (sha256 !== '' && hashOf(view, path) !== sha256) problems.push(`${path} is not as in generation ${newest}`);
    if (view.modeOf(path) !== Number.parseInt(mode, 8))
      problems.push(`${path} has another mode than in generation ${newest}`);
  }
  const units = await view.shell('systemctl is-active coredns.service || :');
  return units === 'active' ? problems : [...problems, `coredns.service is ${units}`];
}

function hashOf(view: HostView, path: string): string | undefined {
  try {
    return createHash('sha256')
      .update(readFileSync(view.path(path)))
      .digest('hex');
  } catch {
    return undefined;
  }
}

/** How long the host's lease still holds, s; 0: there is none, or it has run out (the next run clears it away). */
export function leaseSeconds(view: HostView): number {
  const expires = Number(view.read('/run/coreos-infra/lease')?.split('\0')[4] ?? 0);
  const uptime = Number(view.read('/proc/uptime')?.split(' ')[0] ?? 0);
  return Math.max(0, expires - Math.floor(uptime));
}

/** What still runs of a change set, and what is remembered as failed: of ours only; a boot guard that was killed did its work all the same. */
const OUR_UNITS = `systemctl list-units --all --plain --no-legend 'coreos-infra-apply-*' coreos-infra-inhibit.service
systemctl list-units --plain --no-legend --state=failed coreos-infra-guard.service coreos-infra-guard.path coredns.service faults.service`;

/** Where podman keeps what `podman ps --all` lists of containers that end with their service. */
const CONTAINERS = '/var/lib/containers/storage/overlay-containers/volatile-containers.json';

/** What a change set may have left: nothing, once the next run is over. */
export async function leftovers(view: HostView): Promise<readonly string[]> {
  const below = (folder: string, pattern: RegExp): readonly string[] =>
    view
      .list(folder)
      .filter((name) => pattern.test(name))
      .map((name) => `${folder}/${name}`);
  // podman itself takes a tenth of a second: asked only when there is more than the service's own container.
  const list = view.read(CONTAINERS);
  const isAlone = list !== undefined && list.split('"id":').length <= 2;
  const containers = isAlone ? '' : await view.shell('podman ps --all --quiet --filter label=coreos-infra.check');
  const units = await view.shell(OUR_UNITS);
  return [
    ...below('/var/lib/coreos-infra', /^(?:open|stage|prep\..*)$/),
    ...below('/etc/.coreos-infra', /./),
    ...below('/run/coreos-infra', /^(?:lease\.new|bundle\..*|check\..*|deadline\..*)$/),
    ...below('/etc/coredns', /^\.coreos-infra/),
    ...below('/etc/coredns/zones', /^\.coreos-infra/),
    ...below(FOLDER, /^\.coreos-infra/),
    ...(leaseSeconds(view) > 0 ? [`a lease for ${leaseSeconds(view)} s more`] : []),
    ...(containers === '' ? [] : [`containers ${containers}`]),
    ...(units === '' ? [] : [`units ${units}`]),
  ];
}
