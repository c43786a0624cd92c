/** `lab cut` and `lab heal`: a host's network cable, pulled and put back. */

import { isCut, requireHost, requireLab } from './find.ts';
import { requireRoot } from './requirements.ts';
import { run } from './shell.ts';

/** False when the host was cut off already. */
export function labCut(labName: string, hostName: string): Promise<boolean> {
  return setLink(labName, hostName, 'down');
}

/** False when the host was not cut off. */
export function labHeal(labName: string, hostName: string): Promise<boolean> {
  return setLink(labName, hostName, 'up');
}

async function setLink(labName: string, hostName: string, to: 'up' | 'down'): Promise<boolean> {
  requireRoot();
  const host = requireHost(requireLab(labName), hostName);
  if (isCut(host) === (to === 'down')) return false;
  await run(['ip', 'link', 'set', host.veth, to], { what: `setting the link of ${hostName} ${to}`, host: hostName });
  return true;
}
