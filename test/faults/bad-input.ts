/** Inputs and hosts that a change set cannot work with: refused or reverted, with the cause and the remedy in words, and nobody notices. */
import type { Content } from './content.ts';
import type { FaultPair } from './fault-pair.ts';
import { wholeness } from './host-state.ts';
import { nextRun, type Outcome } from './run-case.ts';

export interface BadInput {
  readonly name: string;
  /** What is wrong with the content… */
  readonly content?: (pair: FaultPair, content: Content) => Partial<Content>;
  /** …or with ns1. */
  readonly breaks?: (pair: FaultPair) => Promise<unknown>;
  readonly mends?: (pair: FaultPair) => Promise<unknown>;
  readonly exit: 1 | 2;
  readonly says: 'refused' | 'failed' | 'reverted' | 'not begun';
  /** In message and detail. */
  readonly cause: RegExp;
  readonly remedy: RegExp;
}

const service = (lines: string): string => `[Service]\n${lines}\n`;

export const BAD_INPUTS: readonly BadInput[] = [
  {
    name: 'a Corefile with a plugin that the image does not have',
    content: (_, { version }) => ({ validates: true, vars: { coredns_extra: `# ${version}\nnosuchplugin` } }),
    exit: 2,
    says: 'failed',
    cause: /refuses the new configuration.*Unknown directive 'nosuchplugin'/s,
    remedy: /Correct what the program complains about/,
  },
  {
    name: 'a zone with an address that is none',
    content: () => ({ zoneLines: 'broken IN A 192.0.2.300\n' }),
    exit: 1,
    says: 'not begun',
    cause: /192\.0\.2\.300/,
    remedy: /./,
  },
  {
    name: 'an image that does not exist',
    content: () => ({ vars: { coredns_image: 'docker.io/coredns/coredns:0.0.1' } }),
    exit: 2,
    says: 'failed',
    cause: /image docker\.io\/coredns\/coredns:0\.0\.1 is not on the host and could not be pulled/,
    remedy: /Correct the image name/,
  },
  {
    name: 'a unit that starts and dies after 3 s',
    content: () => ({ vars: { faults_unit: service("ExecStart=/bin/sh -c 'sleep 3; echo I give up; exit 7'") } }),
    exit: 2,
    says: 'reverted',
    cause: /faults\.service: it did not stay up.*I give up/s,
    remedy: /Correct what the unit complains about/,
  },
  {
    name: 'a unit that never becomes ready',
    content: () => ({ vars: { faults_unit: service('Type=notify\nTimeoutStartSec=4\nExecStart=/bin/sleep inf') } }),
    exit: 2,
    says: 'reverted',
    cause: /faults\.service.*(?:timed out|timeout)/is,
    remedy: /Correct what the unit complains about/,
  },
  {
    name: 'port 53 already taken: an address on which resolved listens',
    content: (pair, { version }) => ({
      service: version.replace('v', 's'),
      hostVars: Object.fromEntries(
        pair.hosts.map(({ name, host }) => [name, { coredns_listen: [host.inventoryAddress, '127.0.0.53'] }]),
      ),
    }),
    exit: 2,
    says: 'reverted',
    cause: /address already in use/,
    remedy: /Correct what the unit complains about/,
  },
  {
    name: 'port 53 already taken, at a reload',
    content: (pair) => ({
      hostVars: Object.fromEntries(
        pair.hosts.map(({ name, host }) => [name, { coredns_listen: [host.inventoryAddress, '127.0.0.53'] }]),
      ),
    }),
    exit: 2,
    says: 'reverted',
    cause: /another configuration is loaded/,
    remedy: /./,
  },
  {
    name: 'a full /var',
    breaks: (pair) => pair.fill(pair.host('ns1')),
    mends: (pair) => pair.free(pair.host('ns1')),
    exit: 2,
    says: 'failed',
    cause: /no space|[Nn]o space left on device/,
    remedy: /Make room on the host/,
  },
  {
    name: 'a read-only /etc',
    breaks: (pair) => pair.host('ns1').shell('mount --bind /etc /etc && mount -o remount,bind,ro /etc'),
    mends: (pair) => pair.host('ns1').shell('umount /etc'),
    exit: 2,
    says: 'failed',
    cause: /^\/etc is mounted read-only/,
    remedy: /mounted read-only/,
  },
  {
    name: 'an immutable Corefile',
    breaks: (pair) => pair.host('ns1').shell('chattr +i /etc/coredns/Corefile'),
    mends: (pair) => pair.host('ns1').shell('chattr -i /etc/coredns/Corefile'),
    exit: 2,
    says: 'failed',
    cause: /^\/etc\/coredns\/Corefile has the attribute \w*i\w* \(chattr\)/,
    remedy: /chattr -i -a/,
  },
];

/** Long enough for units that fail late. */
const CONFIRM_WITHIN_SEC = 30;
const ENDS_WITHIN_MS = 120_000;

export async function runBadInput(pair: FaultPair, bad: BadInput): Promise<Outcome> {
  const old = pair.content;
  const next = pair.next('reload');
  const wanted: Content = { ...next, ...bad.content?.(pair, next) };
  const client = await pair.startClient();
  const problems: string[] = [];
  try {
    await bad.breaks?.(pair);
    const controller = await pair.controller(wanted, { confirmWithinSec: CONFIRM_WITHIN_SEC, isInPeace: true });
    const code = await controller.ended(ENDS_WITHIN_MS);
    await bad.mends?.(pair);
    await pair.settled(ENDS_WITHIN_MS);
    for (const view of pair.hosts) {
      const end = await wholeness(view, old, wanted);
      if (end !== 'old') problems.push(`${view.name} is ${end}`);
    }
    const { status, error } = controller.summary?.hosts['ns1'] ?? { status: 'not begun', error: controller.thrown };
    const words = `${error?.message}\n${error?.detail.join('\n')}`;
    if (code !== bad.exit) problems.push(`exit ${code} instead of ${bad.exit}`);
    if (status !== bad.says) problems.push(`ns1 is ${status} instead of ${bad.says}`);
    if (!bad.cause.test(words)) problems.push(`the cause is not named: ${words}`);
    if (!bad.remedy.test(error?.remedy ?? '')) problems.push(`the remedy is not named: ${error?.remedy}`);
    await nextRun(pair, pair.next('reload'), problems);
    const { group } = await client.stop();
    const lost = group.asked - group.answered;
    if (lost > 0) problems.push(`${lost} of ${group.asked} queries were answered by neither resolver`);
    return { end: status, said: error?.message ?? '', lost, asked: group.asked, problems };
  } finally {
    await bad.mends?.(pair).catch(() => undefined);
    await client.stop().catch(() => undefined);
  }
}
