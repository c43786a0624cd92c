/**
 * Breaks the helper at each of its points: whatever dies there, the host ends wholly old or wholly new, serving, and nothing is left.
 * A sample by default; COREOS_INFRA_SWEEP=full tries every point with every fault.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { applyPoints, confirmPoints, revertPoints } from '../../src/host/points.ts';
import { labBoot, labCrash, labFill, labFree } from '../../src/lab/index.ts';
import { downHosts, endOf, isPossible, LAB, type TestHost, upHosts } from './host-fixture.ts';

type Kind = 'kill' | 'crash' | 'disconnect' | 'full';
interface Case {
  readonly during: 'apply' | 'revert' | 'confirm';
  readonly point: string;
  readonly kind: Kind;
}

/** Nothing is pulled here. */
const APPLY = applyPoints().filter((point) => point !== 'images');
const cross = (during: Case['during'], points: readonly string[], kinds: readonly Kind[]): Case[] =>
  points.flatMap((point) => kinds.map((kind) => ({ during, point, kind })));
const ALL: readonly Case[] = [
  ...cross('apply', APPLY, ['kill', 'crash', 'disconnect', 'full']),
  ...cross('revert', revertPoints(), ['kill', 'crash', 'full']),
  ...cross('confirm', confirmPoints(), ['kill', 'crash']),
];
const isFull = process.env['COREOS_INFRA_SWEEP'] === 'full';
/** Every seventh: all kinds and both ends of the list are in it. */
const CASES = isFull ? ALL : ALL.filter((_, index) => index % 7 === 0);
const BATCH = 2;

/** A change that passes every point, and fails in its command when it is to be reverted. */
function options(during: Case['during'], kind: Kind) {
  const commands = [
    { id: 'command:touch', script: 'touch /var/lib/demo.ran', undo: 'rm -f /var/lib/demo.ran', timeoutSec: 5, step: 1 },
    ...(during === 'revert' ? [{ id: 'command:fail', script: 'exit 1', undo: 'true', timeoutSec: 5, step: 2 }] : []),
  ];
  const validations = [
    {
      name: 'true',
      argv: ['/bin/true'],
      timeoutSec: 5,
      preview: [{ path: '/etc/demo/a.conf', as: 'a.conf' }],
      scratch: [],
    },
  ];
  return {
    confirmWithinSec: kind === 'crash' ? 30 : 3,
    action: 'reload' as const,
    settleSec: 0,
    extra: { commands, validations, daemonReload: true },
  };
}

async function confirmByInstalled(host: TestHost, id: string, bootId: string): Promise<void> {
  const connection = await host.connect();
  const command = `sudo -n bash /usr/local/libexec/coreos-infra/current/helper confirm ${id} ${bootId}`;
  await connection.exec(command, { what: 'confirming', timeoutMs: 60_000 }).catch(() => undefined);
  await connection.close();
}

async function tryCase(host: TestHost, { during, point, kind }: Case, version: string): Promise<string> {
  const before = await host.versions();
  const changeSet = await host.demo(version, options(during, kind));
  if (during === 'confirm') await host.apply(changeSet);
  await host.setFault(point, kind === 'kill' ? 'kill' : 'pause');
  let abort = (): void => undefined;
  const work =
    during === 'confirm'
      ? confirmByInstalled(host, changeSet.id, changeSet.bootId)
      : host.apply(changeSet, {
          onStep: (_, stop) => {
            abort = stop;
          },
        });
  const isHit = kind === 'kill' ? true : await host.paused();
  if (isHit && kind === 'crash') {
    await labCrash(LAB, host.name, { stayOff: true });
    host.forget();
    await labBoot(LAB, host.name);
  } else if (isHit && kind === 'disconnect') {
    abort();
    await sleep(100);
    await host.resume();
  } else if (isHit && kind === 'full') {
    await labFill(LAB, host.name, '/var');
    await host.resume();
  }
  const talk = await work;
  const end = await host.ended(changeSet.id, 40_000);
  if (kind === 'full') await labFree(LAB, host.name, '/var');
  const hit = await host.shell('cat /var/lib/coreos-infra.fault.hit 2>/dev/null || :');
  await host.shell('rm -f /var/lib/coreos-infra.fault*');
  if (hit === '') throw new Error(`the fault at ${point} was never reached: ${JSON.stringify(talk?.steps.at(-1))}`);
  const token = crypto.randomUUID();
  expect(endOf(await host.acquire(token))?.kind, 'the next run gets its lease').toBe('lease');
  await host.release(token);
  expect(await host.leftovers()).toBe('');
  expect(await host.versions()).toBe(end === 'confirmed' ? `${version} active` : before);
  expect(await host.shell('ls /var/lib/demo.ran 2>/dev/null || :')).toBe(
    end === 'confirmed' ? '/var/lib/demo.ran' : '',
  );
  await host.shell('rm -f /var/lib/demo.ran');
  return end;
}

describe.skipIf(!isPossible)('whatever dies at any point', () => {
  let hosts: readonly TestHost[] = [];
  const table: string[] = [];

  beforeAll(async () => {
    hosts = await upHosts();
    for (const host of hosts) {
      await host.settle('v0');
      await host.shell('systemctl enable demo.service');
    }
  });
  afterAll(async () => {
    await downHosts(hosts);
    process.stdout.write(`${table.join('\n')}\n${CASES.length} of ${ALL.length} cases tried\n`);
  });

  for (let first = 0; first < CASES.length; first += BATCH) {
    const batch = CASES.slice(first, first + BATCH);
    it(`the host ends wholly old or wholly new: ${batch.map(({ during, point, kind }) => `${kind} in ${during} at ${point}`).join('; ')}`, async () => {
      const outcomes = await Promise.allSettled(
        batch.map((each, index) => tryCase(hosts[index] as TestHost, each, `v${first + index + 1}`)),
      );
      const ends = outcomes.map((outcome, index) => {
        if (outcome.status === 'fulfilled') return outcome.value;
        throw new Error(JSON.stringify(batch[index]), { cause: outcome.reason });
      });
      batch.forEach(({ during, point, kind }, index) => {
        table.push(`${during.padEnd(8)}${point.padEnd(16)}${kind.padEnd(12)}${ends[index]}`);
        if (during === 'confirm' && kind === 'kill' && (point === 'confirmed' || point === 'archive'))
          expect(ends[index]).toBe('confirmed');
      });
    });
  }
});
