/** All that a pair serves, DNS, NTP and DHCP: whom clients ask, what does not answer now, and how the two Kea stand. */
import { connect } from 'node:net';
import { daemonOf, SOCKET_FOLDER } from '../../src/kea/daemon.ts';
import { notNormal, parseStatus } from '../../src/kea/ha-state.ts';
import { type LoopService, QueryLoop, type QueryTarget } from '../../src/probes/query-loop.ts';
import type { HostView } from './host-view.ts';

export const SERVICES: readonly LoopService[] = ['dns', 'ntp', 'dhcp'];

const ZONES = ['example.com'];
/** Long enough for one question to each. */
const ASKING_MS = 300;
const ANSWER_MS = 2_000;
const KEA_MS = 5_000;

/** `link`: an address of the network in which clients of DHCP are. */
export function targetsOf(hosts: readonly HostView[], link: string): readonly QueryTarget[] {
  return hosts.flatMap(({ name, host: { address: server } }): readonly QueryTarget[] => [
    { service: 'dns', name, server, port: 53, zones: ZONES },
    { service: 'ntp', name, server, port: 123 },
    { service: 'dhcp', name, server, port: 67, link },
  ]);
}

/** Each server is asked a few times; of DHCP one of the two answers, the other is silent by design. */
export async function silent(targets: readonly QueryTarget[]): Promise<readonly string[]> {
  const asked = SERVICES.map(async (service) => {
    const loop = new QueryLoop(
      targets.filter((target) => target.service === service),
      { rate: 10, timeoutMs: ANSWER_MS },
    );
    loop.start();
    await new Promise((resolve) => setTimeout(resolve, ASKING_MS));
    const { group, members } = await loop.stop();
    const figures = service === 'dhcp' ? [['of both', group] as const] : Object.entries(members);
    return figures
      .filter(([, { asked, answered }]) => asked === 0 || answered < asked)
      .map(([who, { asked, answered }]) => `${service} ${who} answers ${answered} of ${asked}`);
  });
  return (await Promise.all(asked)).flat();
}

/** What Kea of the host says of itself, by its control socket: nothing of ours is between. undefined: it is in its normal state. */
export async function keaProblem(view: HostView): Promise<string | undefined> {
  const status = parseStatus(await askKea(view, '{"command":"status-get"}'));
  if (status === undefined) return 'Kea says nothing of its state';
  const problem = notNormal(status) ?? (status.disabled ? 'has its DHCP service switched off' : undefined);
  return problem === undefined ? undefined : `Kea ${problem}`;
}

function askKea(view: HostView, question: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(view.path(`${SOCKET_FOLDER}/${daemonOf(4).socket}`));
    let answer = '';
    socket.setTimeout(KEA_MS, () => socket.destroy(new Error(`Kea of ${view.name} does not answer`)));
    socket.setEncoding('utf8');
    socket.on('connect', () => socket.write(question));
    socket.on('data', (text: string) => {
      answer += text;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
  });
}
