/** What the host is called, and whom it asks for names. Pure. */
import { type CommandResource, command, directory, file, type Resource, renderUnit, unit } from 'coreos-infra';
import { shellWord } from './shell.ts';
import type { BaseVars } from './vars.schema.ts';

/** Where the former name waits, should the change be undone. */
const FORMER = '/run/coreos-infra/base.hostname';
const RESOLVED_FOLDER = '/etc/systemd/resolved.conf.d';

/** /etc/hostname is read at boot; the running kernel is told by a command. */
export function hostnameResources(name: string): readonly Resource[] {
  return [file('/etc/hostname', { content: `${name}\n` }), kernelName(name)];
}

function kernelName(name: string): CommandResource {
  const word = shellWord(name);
  // CoreOS need not have hostname(1), and a container's /proc/sys is read-only.
  const tell = 'tell() { { printf "%s\\n" "$1" >/proc/sys/kernel/hostname; } 2>/dev/null || hostname "$1"; }\n';
  return command('hostname', {
    unless: `[[ $(</proc/sys/kernel/hostname) == ${word} ]]`,
    script: `${tell}cp /proc/sys/kernel/hostname ${FORMER} && tell ${word}`,
    undo: `${tell}[[ ! -s ${FORMER} ]] || tell "$(<${FORMER})"`,
    timeoutSec: 10,
  });
}

/**
 * systemd-resolved's own settings. /etc/resolv.conf stays the link to /run/systemd/resolve/stub-resolv.conf that CoreOS ships: without
 * the stub systemd-resolved lets that file name the servers themselves.
 */
export function resolverResources({
  nameservers,
  search_domains: domains,
  dns_stub: stub,
}: BaseVars): readonly Resource[] {
  if (nameservers === undefined && domains === undefined && stub === undefined) return [];
  const settings = {
    // An empty one first: it takes away what the image or an earlier file says.
    ...(nameservers === undefined ? {} : { DNS: ['', nameservers.join(' ')] }),
    ...(domains === undefined ? {} : { Domains: ['', domains.join(' ')] }),
    ...(stub === undefined ? {} : { DNSStubListener: stub ? 'yes' : 'no' }),
  };
  const conf = file(`${RESOLVED_FOLDER}/50-coreos-infra.conf`, { content: renderUnit({ Resolve: settings }) });
  return [
    directory(RESOLVED_FOLDER),
    conf,
    unit('systemd-resolved.service', { restartOn: [conf], order: 5, settleSec: 1 }),
    ...(stub === false ? [noStubNamed(conf)] : []),
  ];
}

/** A resolv.conf that somebody wrote by hand may still name the stub, and then the host resolves nothing any more. */
function noStubNamed(conf: Pick<Resource, 'id'>): CommandResource {
  return command('resolv.conf', {
    onChangeOf: [conf],
    script: `
for ((look = 0; look < 20; look++)); do
  grep -Eq '^[[:space:]]*nameserver[[:space:]]+127\\.0\\.0\\.5[34]' /etc/resolv.conf || exit 0
  sleep 0.25
done
echo "/etc/resolv.conf names systemd-resolved's stub, which is off: link it to ../run/systemd/resolve/stub-resolv.conf" >&2
exit 1
`,
    changedWhen: /(?!)/,
    undo: ':',
    timeoutSec: 15,
  });
}
