/** Kea on a pair of hosts that know of each other's leases: addresses and options for the clients of our networks. */
import { defineRole, directory, file, image, type Precondition, type Probe, type Resource, unit } from 'coreos-infra';
import { holds, parseAddress, parseNetwork } from '../../src/kea/addresses.ts';
import { CONFIG_FOLDER, daemonOf } from '../../src/kea/daemon.ts';
import { keaDiff } from '../../src/kea/diff.ts';
import { mayChange } from '../../src/kea/may-change.ts';
import { memberScript } from '../../src/kea/member-answer.ts';
import type { KeaConfig } from '../../src/kea/model.ts';
import { renderForTrial, renderKea } from '../../src/kea/render.ts';
import { container } from './container.ts';
import { handover } from './handover.ts';
import { maintenance } from './maintenance.ts';
import { loadedProbe, serviceProbe } from './probes.ts';
import { type KeaContext, type KeaServer, keaServers } from './settings.ts';
import { validation } from './validation.ts';
import { vars } from './vars.schema.ts';

export const kea = defineRole({
  name: 'kea',
  description: 'Kea: addresses by DHCP, from two servers that stand in for each other',
  service: 'dhcp',
  vars,

  resources(context) {
    const servers = keaServers(context);
    const images = [...new Set(servers.map((server) => server.image))];
    return [...images.map(image), directory(CONFIG_FOLDER), ...servers.flatMap(serverResources)];
  },

  probes(context) {
    const { host, vars: wanted } = context;
    return keaServers(context).flatMap(({ config }) => {
      const daemon = daemonOf(config.family);
      return [
        serviceProbe(host, daemon, wanted.min_free_mib),
        loadedProbe(host, daemon, renderKea(config).fingerprint),
        ...offerProbe(context, config),
      ];
    });
  },

  preconditions(context): readonly Precondition[] {
    const coming = new Map(keaServers(context).map(({ config }) => [config.family, renderKea(config).text]));
    const input = { host: context.host.name, coming, minFreeMib: context.vars.min_free_mib };
    return [
      {
        name: 'Kea',
        script: memberScript([...coming.keys()]),
        timeoutSec: 30,
        judge: (answers) => mayChange(input, answers),
      },
    ];
  },

  temporaryStates: (context) =>
    keaServers(context)
      .flatMap(({ config: { family, ha } }) => [handover(daemonOf(family), ha), maintenance(daemonOf(family), ha)])
      .filter((state) => state !== undefined),

  standsBy: (context) =>
    keaServers(context).some(({ config: { ha } }) =>
      ha?.peers.some(({ name, role }) => name === context.host.name && role === 'standby'),
    ),
});

/** A real exchange, where the machine that asks is let in: as a relay agent of the host's own subnet, so that nothing is left behind. */
function offerProbe({ host, members }: KeaContext, { family, subnets }: KeaConfig): readonly Probe[] {
  const own = parseAddress(host.address);
  const networks = subnets.map(({ subnet }) => parseNetwork(subnet));
  if (family === 6 || own === undefined || !networks.some((network) => network !== undefined && holds(network, own)))
    return [];
  const servers = members.map(({ address }) => address);
  return [{ kind: 'dhcp', servers, port: 67, link: host.address, exchange: 'offer' }];
}

function serverResources({ config, image: name }: KeaServer): readonly Resource[] {
  const daemon = daemonOf(config.family);
  const { text } = renderKea(config);
  const settings = file(daemon.config, {
    content: text,
    validate: validation(daemon, name, renderForTrial(config)),
    describe: (before) => keaDiff(config.family, before, text),
  });
  const relayedOnly = config.family === 4 && config.socketType === 'udp';
  const service = container({ daemon, image: name, relayedOnly, haPort: config.ha?.port });
  return [settings, service, unit(service.unit, { restartOn: [service], reloadOn: [settings], order: 60 })];
}
