/** How the upgrade of a host ended, in words. Pure. */

import { carriedText } from './carried.ts';
import { releaseName } from './release.ts';
import type { Trip } from './trip.ts';

type Told = Pick<Trip, 'fromRelease' | 'release' | 'tookMs' | 'drift' | 'action' | 'carried' | 'together' | 'route'>;

/** `44.20261101.3.0 → 44.20261115.3.0 · staged 41 s · rebooted 38 s · soaked 20 s` */
export function upgradedText({ fromRelease, release, tookMs, drift, action, carried, together, route }: Told): string {
  const { stage, reboot, soak } = tookMs;
  const kept = carried === undefined || action === 'rollback' ? undefined : carriedText(carried);
  return [
    route ?? `${releaseName(fromRelease)} → ${releaseName(release)}`,
    ...(stage === undefined || action === 'rollback' ? [] : [`staged ${span(stage)}`]),
    ...(reboot === undefined ? [] : [`rebooted ${span(reboot)}`]),
    drift.length === 0
      ? 'converged'
      : `${drift.length} of its files are not as described (${drift.slice(0, 3).join(', ')})`,
    ...(kept === undefined ? [] : [`kept ${kept}`]),
    ...togetherText(together),
    ...(soak === undefined ? [] : [`soaked ${span(soak)}`]),
  ].join(' · ');
}

/** `dhcp together again 2.1 s`: its own time after the boot, which the soak does not wait for. */
function togetherText(together: Told['together']): readonly string[] {
  const { services = [], tookMs } = together ?? {};
  return services.length === 0 || tookMs === undefined ? [] : [`${services.join(', ')} together again ${span(tookMs)}`];
}

/** `0.8 s`, `41 s`, `6 min 31 s` */
export function span(ms: number): string {
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  const sec = Math.round(ms / 1000);
  if (sec < 60) return `${sec} s`;
  return sec % 60 === 0 ? `${sec / 60} min` : `${Math.floor(sec / 60)} min ${sec % 60} s`;
}

/** Why the host went back, as it put it down itself: the short word, for people. */
export const CAUSES: Readonly<Record<string, string>> = {
  checks: 'its checks were red',
  'second-boot': 'it booted a second time before it was confirmed',
  person: 'somebody wanted it back',
  deadline: 'nobody confirmed it in time',
  abort: 'the upgrade was called off',
  'not-applied': 'it never came up with the new release',
};
