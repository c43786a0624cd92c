/** Asks each server on its own host how it is, and which configuration it has loaded. */
import type { Host, HostProbe } from 'coreos-infra';
import type { Daemon } from '../../src/kea/daemon.ts';
import { judgeService, parseStatus, type ServiceVerdict } from '../../src/kea/ha-state.ts';
import { CONTEXT_KEY } from '../../src/kea/render.ts';
import { contextScript, statusScript } from './scripts.ts';

/** Below this even the next lease cannot be relied on, MiB. */
const FULL_MIB = 1;
const TIMEOUT_SEC = 6;

export function serviceProbe(host: Host, daemon: Daemon, minFreeMib: number): HostProbe {
  return {
    kind: 'host',
    host: host.name,
    service: 'dhcp',
    name: `state of ${daemon.name} on ${host.name}`,
    argv: ['/bin/bash', '-c', statusScript(daemon)],
    timeoutSec: TIMEOUT_SEC,
    judge: ({ stdout }) => judgeStatus(stdout, minFreeMib),
  };
}

export function judgeStatus(stdout: string, minFreeMib: number): ServiceVerdict {
  const [answer = '', free = ''] = stdout.split('\n');
  const status = parseStatus(answer);
  if (status === undefined) return { ok: false, detail: 'does not answer on its control socket' };
  const verdict = judgeService(status);
  const freeMib = /^\s*\d+\s*$/.test(free) ? Number(free) / 1024 : undefined;
  if (!verdict.ok || freeMib === undefined || freeMib >= minFreeMib) return verdict;
  const room = `${freeMib.toFixed(1)} MiB left in /var for leases`;
  if (freeMib < FULL_MIB) return { ok: false, detail: `${verdict.detail}, but ${room}` };
  return { ...verdict, warning: verdict.warning === undefined ? room : `${verdict.warning}; ${room}` };
}

/** Written is not loaded: the loaded configuration must bear the fingerprint of what this run describes. */
export function loadedProbe(host: Host, daemon: Daemon, fingerprint: string): HostProbe {
  return {
    kind: 'host',
    host: host.name,
    service: 'dhcp',
    name: `configuration of ${daemon.name} on ${host.name}`,
    argv: ['/bin/bash', '-c', contextScript(daemon)],
    timeoutSec: TIMEOUT_SEC,
    ofDescription: true,
    judge: ({ stdout }) => judgeLoaded(stdout, fingerprint),
  };
}

export function judgeLoaded(stdout: string, fingerprint: string): ServiceVerdict {
  const loaded = loadedFingerprint(stdout);
  if (loaded === fingerprint) return { ok: true, detail: `loaded as described (${fingerprint})` };
  if (stdout.trim() === '') return { ok: false, detail: 'does not answer on its control socket' };
  return {
    ok: false,
    detail:
      loaded === undefined
        ? 'has loaded a configuration that is not ours'
        : `has loaded ${loaded}, described is ${fingerprint}`,
  };
}

function loadedFingerprint(stdout: string): string | undefined {
  try {
    const context: unknown = JSON.parse(stdout);
    const ours = (context as Record<string, unknown> | null)?.[CONTEXT_KEY];
    const fingerprint = (ours as Record<string, unknown> | undefined)?.['fingerprint'];
    return typeof fingerprint === 'string' && /^[0-9a-f]{16}$/.test(fingerprint) ? fingerprint : undefined;
  } catch {
    return undefined;
  }
}
