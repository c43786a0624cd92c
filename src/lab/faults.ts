/** What may happen to a host, on demand: power cuts, full disks, slow links. For tests, and for seeing what the tool does then. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assetPath } from '../assets.ts';
import { basePath, ensureArtifact, keyOf } from './artifacts.ts';
import { LabError } from './errors.ts';
import { requireHost, requireLab } from './find.ts';
import { initOf, powerOn, waitForHost } from './hosts.ts';
import { checkedShift } from './ntp.ts';
import { hostFolder } from './paths.ts';
import { kill, killAll } from './processes.ts';
import type { Log } from './progress.ts';
import { requireRoot } from './requirements.ts';
import { runScript, scriptPath } from './shell.ts';
import type { LabHost } from './state.ts';

export type Disk = '/var' | '/boot';

export interface SlowLink {
  /** Added to every frame, each way. */
  readonly delayMs: number;
  /** Of all frames, each way; 0 to 100. */
  readonly lossPercent: number;
}

/** A power cut: every process of the host dies at once. It boots again by itself, unless it is to stay off until labBoot. */
export async function labCrash(
  labName: string,
  hostName: string,
  options: { readonly stayOff: boolean },
): Promise<void> {
  const { host, init } = running(labName, hostName);
  if (options.stayOff) writeFileSync(join(hostFolder(labName, hostName), 'stay-off'), '');
  kill(init, 'SIGKILL');
  await killAll(() => (initOf(host) === init ? [init] : []), `cutting the power of ${hostName}`);
}

export interface BootOptions {
  /** Default: one minute. */
  readonly withinMs?: number;
  /** Which entry of the boot menu, once: 0 is the default one, 1 the one below it. As somebody at the console would choose. */
  readonly entry?: number;
}

/** Switches a host on and waits until it answers. False when it was on already; then no entry can be chosen. */
export async function labBoot(labName: string, hostName: string, options: BootOptions = {}): Promise<boolean> {
  requireRoot();
  const host = requireHost(requireLab(labName), hostName);
  const wasOn = initOf(host) !== undefined;
  if (options.entry !== undefined) {
    if (wasOn) {
      throw new LabError(`${hostName} is on: its boot menu is past`, {
        host: hostName,
        remedy: `Cut its power first: run lab crash ${hostName} --off`,
      });
    }
    writeFileSync(join(hostFolder(labName, hostName), 'next-entry'), `${options.entry}\n`);
  }
  await powerOn(labName, host);
  await waitForHost(labName, host, options.withinMs ?? 60_000);
  return !wasOn;
}

/** Takes all space of a disk; it stays so over reboots until labFree. */
export function labFill(labName: string, hostName: string, disk: Disk): Promise<void> {
  return onDisk('fill', labName, hostName, disk);
}

export function labFree(labName: string, hostName: string, disk: Disk): Promise<void> {
  return onDisk('free', labName, hostName, disk);
}

async function onDisk(verb: 'fill' | 'free', labName: string, hostName: string, disk: Disk): Promise<void> {
  const { init } = running(labName, hostName);
  await runScript('host-disk.sh', [verb, String(init), disk], {
    what: `${verb} ${disk} of ${hostName}`,
    host: hostName,
  });
}

/** Delays a host's frames and loses some, until labFast. */
export async function labSlow(labName: string, hostName: string, link: SlowLink, log: Log): Promise<void> {
  requireRoot();
  const host = requireHost(requireLab(labName), hostName);
  const source = assetPath('src/lab/relay');
  const script = scriptPath('go-program.sh');
  const args = [source, 'relay', '-', basePath()];
  const folder = await ensureArtifact(
    `relay-${keyOf([script, source])}`,
    'compiling the relay of slow links',
    script,
    args,
    log,
  );
  const relay = [join(folder, 'relay'), `${link.delayMs}ms`, String(link.lossPercent)];
  await runScript('network.sh', ['slow', host.netns, host.veth, host.bridge, ...relay], {
    what: `slowing ${hostName}`,
    host: hostName,
  });
}

/** The link as it was; nothing happens to one that is not slow. */
export async function labFast(labName: string, hostName: string): Promise<void> {
  requireRoot();
  const host = requireHost(requireLab(labName), hostName);
  await runScript('network.sh', ['fast', host.netns, host.veth, host.bridge], {
    what: `restoring the link of ${hostName}`,
    host: hostName,
  });
}

function running(labName: string, hostName: string): { host: LabHost; init: number } {
  requireRoot();
  const host = requireHost(requireLab(labName), hostName);
  const init = initOf(host);
  if (init === undefined) {
    throw new LabError(`${hostName} is not running`, {
      host: hostName,
      remedy: `Start it with \`run lab boot ${hostName}\`.`,
    });
  }
  return { host, init };
}

/**
 * A host's clock, wrong by `+45s`, `-90s`, or right again with `0`; the units that were restarted for it. New programs and containers of the
 * host see it, PID 1 and the journal do not; a reboot ends it (host-clock.sh).
 */
export async function labClock(labName: string, hostName: string, shift: string): Promise<readonly string[]> {
  const { init } = running(labName, hostName);
  const said = await runScript('host-clock.sh', [String(init), checkedShift(shift)], {
    what: `setting the clock of ${hostName}`,
    host: hostName,
  });
  return said.split('\n').filter((line) => line !== '');
}
