/** The lab's networks: picks free ones, remembers the map, and has the wires laid. */

import { LabError } from './errors.ts';
import { bridgeName, linkPrefix, macAddress } from './paths.ts';
import { run, runScript } from './shell.ts';
import type { LabHostSpec, LabSpec } from './spec.ts';
import type { LabHost, LabNetwork } from './state.ts';
import { listLabStates, readLabState } from './state.ts';
import type { Subnet } from './subnets.ts';
import {
  formatAddress,
  formatSubnet,
  moveAddress,
  parseAddress,
  parseSubnet,
  pickFree,
  pickGateway,
} from './subnets.ts';

/** A lab network for each network of the inventory; those that the lab has already stay. Call it under the lock of all labs. */
export async function allocateNetworks(spec: LabSpec): Promise<LabNetwork[]> {
  const known = new Map((readLabState(spec.labName)?.networks ?? []).map((network) => [network.inventory, network]));
  const taken = [
    ...(await takenSubnets(spec.labName)),
    ...[...known.values()].map((network) => parseSubnet(network.lab)),
  ];
  const usedBridges = new Set([...known.values()].map((network) => network.bridge));
  const wanted = [...new Set(spec.hosts.map((host) => formatSubnet(inventorySubnet(host))))];
  return wanted.map((inventory) => {
    const existing = known.get(inventory);
    const lab = existing === undefined ? pickFree(parseSubnet(inventory), taken) : parseSubnet(existing.lab);
    if (lab === undefined) {
      throw new LabError(`no network as large as ${inventory} is free on this machine`, {
        remedy:
          'Take down labs that are no longer needed (`run lab down --lab-name NAME`), or use smaller networks in the inventory.',
      });
    }
    taken.push(lab);
    const bridge = existing?.bridge ?? freeBridge(spec.labName, usedBridges);
    usedBridges.add(bridge);
    const hosts = spec.hosts
      .filter((host) => formatSubnet(inventorySubnet(host)) === inventory)
      .map((host) => moveAddress(addressOf(host), lab));
    return { inventory, lab: formatSubnet(lab), bridge, gateway: formatAddress(pickGateway(lab, hosts)) };
  });
}

/** The host's address in the lab. */
export function labAddress(
  host: LabHostSpec,
  networks: readonly LabNetwork[],
): { address: string; network: LabNetwork } {
  const network = networks.find((candidate) => candidate.inventory === formatSubnet(inventorySubnet(host)));
  if (network === undefined) throw new Error(`no lab network for ${host.name}`); // allocateNetworks made one for each
  return { address: formatAddress(moveAddress(addressOf(host), parseSubnet(network.lab))), network };
}

/** Lays all wires that are missing; a host that is cut off stays so. */
export async function wireNetworks(
  labName: string,
  networks: readonly LabNetwork[],
  hosts: readonly LabHost[],
): Promise<void> {
  for (const network of networks) {
    const prefix = network.lab.split('/')[1] ?? '';
    const others = networks.filter((other) => other !== network).map((other) => other.lab);
    await runScript('network.sh', ['bridge-up', network.bridge, network.gateway, prefix, network.lab, ...others], {
      what: `making the bridge for ${network.lab}`,
    });
  }
  for (const host of hosts) {
    const gateway = networks.find((network) => network.bridge === host.bridge)?.gateway ?? '';
    const mac = macAddress(labName, host.name);
    const args = [
      'host-up',
      host.netns,
      host.veth,
      host.interface,
      mac,
      `${host.address}/${host.prefix}`,
      host.bridge,
      gateway,
    ];
    await runScript('network.sh', args, { what: `wiring ${host.name}`, host: host.name });
  }
}

/** Networks that this machine or another lab uses, or knows a way to. */
async function takenSubnets(labName: string): Promise<Subnet[]> {
  const ip = (
    ...args: string[]
  ): Promise<{ dst?: string; dev?: string; addr_info?: { local?: string; prefixlen?: number }[]; ifname?: string }[]> =>
    run(['ip', '-json', ...args], { what: 'reading the networks of this machine' }).then((text) =>
      JSON.parse(text || '[]'),
    );
  const [addresses, routes4, routes6] = await Promise.all([
    ip('address', 'show'),
    ip('-4', 'route', 'show', 'table', 'all'),
    ip('-6', 'route', 'show', 'table', 'all'),
  ]);
  const isOurs = (link: string | undefined): boolean => link?.startsWith(linkPrefix(labName)) ?? false;
  const texts = [
    ...addresses
      .filter((link) => !isOurs(link.ifname))
      .flatMap((link) => link.addr_info ?? [])
      .map((info) => `${info.local}/${info.prefixlen}`),
    ...[...routes4, ...routes6].filter((route) => !isOurs(route.dev)).map((route) => route.dst ?? 'default'),
    ...listLabStates()
      .filter((state) => state.name !== labName)
      .flatMap((state) => state.networks.map((network) => network.lab)),
  ];
  return texts
    .filter((text) => parseAddress(text.split('/')[0] ?? '') !== undefined)
    .map(parseSubnet)
    .filter((subnet) => subnet.prefix > 8);
}

function inventorySubnet(host: LabHostSpec): Subnet {
  return parseSubnet(`${host.address}/${host.prefix}`);
}

function addressOf(host: LabHostSpec): { value: bigint; bits: 32 | 128 } {
  const address = parseAddress(host.address);
  if (address === undefined) throw new Error(`unchecked address ${host.address}`); // checkSpec refused it
  return address;
}

function freeBridge(labName: string, used: ReadonlySet<string>): string {
  let index = 0;
  while (used.has(bridgeName(labName, index))) index += 1;
  return bridgeName(labName, index);
}
