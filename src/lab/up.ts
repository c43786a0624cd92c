/** `lab up`: from whatever is there to a lab in which every host of the spec runs and answers. May be repeated at any time. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureOs, pruneCache } from './artifacts.ts';
import { isCut } from './find.ts';
import { installHost, powerOff, powerOn, removeFolder, waitForHost } from './hosts.ts';
import { fillImageStore, startImages } from './images.ts';
import { ensureKeys, identityFile, knownHostsFile, writeKnownHosts } from './keys.ts';
import { withLock } from './lock.ts';
import { allocateNetworks, labAddress, wireNetworks } from './network.ts';
import { startNtpServers } from './ntp.ts';
import { ensureOsServer } from './os-server.ts';
import { allLabsLock, hostFolder, labBase, labFolder, labLock, netnsName, vethName } from './paths.ts';
import type { Log } from './progress.ts';
import { step } from './progress.ts';
import { ensureRequirements } from './requirements.ts';
import { forEachLimited, runScript } from './shell.ts';
import type { LabSpec } from './spec.ts';
import { checkSpec } from './spec.ts';
import type { LabHost, LabNetwork, LabState } from './state.ts';
import { readLabState, writeLabState } from './state.ts';

export interface UpOptions {
  /** Install missing packages of this machine. */
  readonly installDeps: boolean;
  readonly log: Log;
  /** How long all hosts together may take to boot. */
  readonly bootWithinMs?: number;
}

const LOCK_WAIT_MS = 10 * 60_000; // another `up` of this lab may be building
const INOTIFY_INSTANCES = 4096; // a host takes about ten
const HOSTS_AT_ONCE = 4;

export async function labUp(spec: LabSpec, options: UpOptions): Promise<LabState> {
  checkSpec(spec);
  await ensureRequirements(options.installDeps, options.log);
  mkdirSync(labBase(), { recursive: true, mode: 0o700 });
  return withLock(labLock(spec.labName), `the lab ${spec.labName}`, LOCK_WAIT_MS, () => bringUp(spec, options));
}

async function bringUp(spec: LabSpec, { log, bootWithinMs }: UpOptions): Promise<LabState> {
  const os = ensureOs(log);
  const images = startImages(
    spec.images,
    os.then((artifacts) => artifacts.base),
    log,
  );
  const artifacts = await os;
  const { base, os: osFolder } = artifacts;
  await Promise.all(images.map((image) => image.archive));

  const before = readLabState(spec.labName);
  const state = await plan(spec);
  await removeOutdated(before, state, log);
  raiseInotifyLimit(log);
  await ensureKeys(
    spec.labName,
    state.hosts.map((host) => host.name),
  );
  writeKnownHosts(spec.labName, state.hosts);
  if (!hasImages(before, spec)) await fillImageStore(spec.labName, base, images, log);
  await wireNetworks(spec.labName, state.networks, state.hosts);
  await ensureOsServer(spec.labName, state.networks, artifacts);
  startNtpServers(state);
  await installHosts(state, osFolder, log);
  await bootHosts(state, bootWithinMs ?? 60_000 + 5_000 * state.hosts.length, log);
  const up: LabState = { ...state, phase: 'up', images: spec.images };
  writeLabState(up);
  await pruneCache(log);
  return up;
}

/** Chooses addresses and writes them down before anything is made of them. */
function plan(spec: LabSpec): Promise<LabState> {
  return withLock(allLabsLock(), 'the list of labs', 60_000, async () => {
    const networks = await allocateNetworks(spec);
    const known = readLabState(spec.labName);
    const state: LabState = {
      format: 1,
      name: spec.labName,
      phase: 'starting',
      hosts: spec.hosts.map((host) => planHost(spec, host.name, networks)),
      networks,
      images: known?.images ?? [],
    };
    // Hosts and networks that go away stay on record until they are gone (removeOutdated).
    const gone = (known?.hosts ?? []).filter((host) => !state.hosts.some((other) => other.name === host.name));
    const unused = (known?.networks ?? []).filter(
      (network) => !networks.some((other) => other.bridge === network.bridge),
    );
    writeLabState({ ...state, hosts: [...state.hosts, ...gone], networks: [...networks, ...unused] });
    return state;
  });
}

function planHost(spec: LabSpec, name: string, networks: readonly LabNetwork[]): LabHost {
  const host = spec.hosts.find((candidate) => candidate.name === name);
  if (host === undefined) throw new Error(`no host ${name}`); // planHost is called for the spec's own hosts
  const { address, network } = labAddress(host, networks);
  return {
    name,
    inventoryAddress: host.address,
    address,
    prefix: host.prefix,
    port: 22,
    user: 'core',
    identityFile: identityFile(spec.labName),
    knownHostsFile: knownHostsFile(spec.labName),
    interface: host.interface,
    veth: vethName(spec.labName, name),
    bridge: network.bridge,
    netns: netnsName(spec.labName, name),
  };
}

/** Hosts that the inventory no longer has go; those that moved get new wires (and so a boot). */
async function removeOutdated(before: LabState | undefined, now: LabState, log: Log): Promise<void> {
  for (const old of before?.hosts ?? []) {
    const host = now.hosts.find((candidate) => candidate.name === old.name);
    const isSame = host !== undefined && JSON.stringify(host) === JSON.stringify(old);
    if (isSame) continue;
    log(
      host === undefined
        ? `${old.name} is no longer in the inventory: removing it`
        : `${old.name} has another address or interface now: wiring it anew`,
    );
    await powerOff(now.name, old);
    await runScript('network.sh', ['host-down', old.netns, old.veth], { what: `unwiring ${old.name}`, host: old.name });
    if (host === undefined) await removeFolder(hostFolder(now.name, old.name));
  }
  for (const network of before?.networks ?? []) {
    if (now.networks.some((other) => other.bridge === network.bridge)) continue;
    await runScript('network.sh', ['bridge-down', network.bridge, network.lab], {
      what: `removing the bridge of ${network.lab}`,
    });
  }
  writeLabState(now);
}

async function installHosts(state: LabState, os: string, log: Log): Promise<void> {
  const missing = state.hosts.filter((host) => !existsSync(hostFolder(state.name, host.name)));
  if (missing.length === 0) return;
  const gatewayOf = (host: LabHost): string =>
    state.networks.find((network) => network.bridge === host.bridge)?.gateway ?? '';
  await step(log, `installing ${names(missing)}`, () =>
    forEachLimited(missing, HOSTS_AT_ONCE, async (host) => {
      await installHost(state.name, host, os, gatewayOf(host));
    }),
  );
}

async function bootHosts(state: LabState, withinMs: number, log: Log): Promise<void> {
  await step(log, `booting ${names(state.hosts)}`, async () => {
    const deadline = Date.now() + withinMs;
    await forEachLimited(state.hosts, HOSTS_AT_ONCE, (host) => powerOn(state.name, host));
    const reachable = state.hosts.filter((host) => !isCut(host));
    for (const host of state.hosts)
      if (isCut(host))
        log(`${host.name} is cut off from its network (\`run lab heal ${host.name}\`): not waiting for it`);
    await forEachLimited(reachable, HOSTS_AT_ONCE, (host) =>
      waitForHost(state.name, host, Math.max(1_000, deadline - Date.now())),
    );
  });
}

/** The store is filled in place, so it is complete as soon as the state says so. */
function hasImages(before: LabState | undefined, spec: LabSpec): boolean {
  const isThere = existsSync(join(labFolder(spec.labName), 'images', 'overlay-images'));
  return isThere && spec.images.every((image) => before?.images.includes(image));
}

/** Every host's systemd takes about ten inotify instances of the machine's; too few, and one dies at boot. */
function raiseInotifyLimit(log: Log): void {
  const file = '/proc/sys/fs/inotify/max_user_instances';
  if (Number(readFileSync(file, 'utf8')) >= INOTIFY_INSTANCES) return;
  log(`raising fs.inotify.max_user_instances to ${INOTIFY_INSTANCES} on this machine`);
  writeFileSync(file, `${INOTIFY_INSTANCES}\n`);
}

function names(hosts: readonly LabHost[]): string {
  return hosts.length > 4 ? `${hosts.length} hosts` : hosts.map((host) => host.name).join(', ');
}
