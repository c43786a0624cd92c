/** What an upgrade may have left on a host, seen from outside in one look. */
import type { HostView } from './host-view.ts';
import { keaProblem } from './upgrade-services.ts';

interface OstreeStatus {
  readonly deployments: readonly { readonly pinned: boolean; readonly staged: boolean; readonly booted: boolean }[];
}

const IS_UP = /^(running|degraded)$/;
/** One process for all: hosts are looked at often, and a look costs as much as a query costs them. */
const LOOK = [
  'systemctl is-system-running || :',
  'ostree admin status --json',
  'systemd-inhibit --list --no-legend | grep coreos-infra || :',
  'systemctl is-active zincati.service || :',
].join('\nprintf "\\n----\\n"\n');

export async function isUp(view: HostView): Promise<boolean> {
  if (view.init === undefined) return false;
  return IS_UP.test(await view.shell('systemctl is-system-running || :'));
}

/** In words; nothing: the host is as nobody ever upgraded it, and Kea in its normal state. */
export async function leftovers(view: HostView): Promise<readonly string[]> {
  if (view.init === undefined) return ['it is off'];
  const [state = '', ostree = '', inhibitors = '', active = ''] = (await view.shell(LOOK))
    .split('\n----\n')
    .map((part) => part.trim());
  if (!IS_UP.test(state)) return [`it is ${state}`];
  const { deployments } = JSON.parse(ostree) as OstreeStatus;
  const kea = await keaProblem(view);
  return [
    ...(view.slot === undefined ? [] : [`an upgrade is open: ${view.slot}`]),
    ...(deployments.some(({ pinned }) => pinned) ? [`a deployment is pinned: ${ostree}`] : []),
    ...(deployments.some(({ staged }) => staged) ? ['something is staged'] : []),
    ...(deployments[0]?.booted === true ? [] : ['the next boot would take another release']),
    ...inhibitors.split('\n').filter(Boolean),
    ...zincati(active, view),
    ...(kea === undefined ? [] : [kea]),
  ];
}

/** As it is on a host that nobody upgrades; held where it would take a release that is denied. */
function zincati(active: string, view: HostView): readonly string[] {
  const isHeld = view.exists('/var/lib/coreos-infra/zincati-held');
  if (isHeld && view.list('/var/lib/coreos-infra/deny').length === 0) return ['Zincati is held, and nothing is denied'];
  return (active === 'active') === isHeld ? [`Zincati is ${active}${isHeld ? ' and should be held' : ''}`] : [];
}
