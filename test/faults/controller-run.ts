/** One run of the fault playbook, as the command does it. */
import { join } from 'node:path';
import { exitCode } from '../../src/cli/exit-code.ts';
import { loadZones } from '../../src/dns/load.ts';
import { errorReport } from '../../src/engine/error-report.ts';
import { runPlaybook } from '../../src/engine/run.ts';
import { type Deadlines, GO_SECONDS } from '../../src/engine/run-context.ts';
import { InfraError } from '../../src/errors.ts';
import { helperText } from '../../src/host/helper.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import { mapInventory } from '../../src/lab/address-map.ts';
import { requireLab } from '../../src/lab/find.ts';
import { createTransport } from '../../src/ssh/index.ts';
import type { Transport } from '../../src/ssh/transport.ts';
import type { ControllerEvent, ControllerOrder } from './controller-process.ts';
import { faultsPlaybook } from './playbook.ts';
import { watchTransport } from './watched-transport.ts';

/** Of runs that something happens to: long enough for hosts that share two cores with five other pairs, short enough for a sweep. */
const DEADLINES: Partial<Deadlines> = {
  connectMs: 8_000,
  observeMs: 15_000,
  applyMs: 60_000,
  probesMs: 8_000,
  confirmMs: 15_000,
  outcomeMs: 20_000,
  leaseSec: GO_SECONDS + 1,
};
const KEEPALIVE = { intervalMs: 1_000, countMax: 4 };

/** Who hears of the run, and lets it go on where it was told to stand still. */
export interface Listener {
  say(event: ControllerEvent): void;
  /** Resolves when it may go on. */
  held(): Promise<unknown>;
}

/** The streamed verbs with the faults in them too: the engine streams the helper that any host gets. */
function withFaults(transport: Transport): Transport {
  const plain = `${helperText({})}\nmain `;
  const broken = `${helperText({ faults: true })}\nmain `;
  return {
    async connect(host, options) {
      const connection = await transport.connect(host, options);
      return {
        host: connection.host,
        exec: (command, given) => {
          const text = Buffer.from(given.stdin ?? '').toString('utf8');
          return connection.exec(
            command,
            text.startsWith(plain) ? { ...given, stdin: broken + text.slice(plain.length) } : given,
          );
        },
        start: (command, given) => connection.start(command, given),
        forward: (address, port, timeoutMs) => connection.forward(address, port, timeoutMs),
        close: () => connection.close(),
      };
    },
  };
}

/** The exit code. What is thrown is said as an event. */
export async function runOrder(order: ControllerOrder, listener: Listener): Promise<number> {
  try {
    return await run(order, listener);
  } catch (error) {
    listener.say({ event: 'thrown', error: errorReport(error) });
    return error instanceof InfraError ? error.exitCode : 70;
  }
}

async function run(order: ControllerOrder, { say, held }: Listener): Promise<number> {
  const lab = requireLab(order.lab);
  const inventory = mapInventory(
    loadInventory(order.inventoryDir),
    lab.networks,
    new Map(lab.hosts.map((host) => [host.name, host])),
  );
  const { zones } = await loadZones(join(order.inventoryDir, 'zones'));
  const transport = watchTransport(withFaults(createTransport(order.isInPeace ? {} : { keepalive: KEEPALIVE })), {
    async before(step) {
      say({ event: 'controller-step', step, atMs: performance.timeOrigin + performance.now() });
      if (step !== order.pauseAt) return;
      say({ event: 'paused', step });
      await held();
    },
    isLost: (step) => step === order.loseAt,
  });
  const summary = await runPlaybook({
    run: order.run,
    playbook: faultsPlaybook(),
    inventory,
    zones: () => zones,
    transport,
    options: {
      check: false,
      diff: false,
      tags: [],
      skipTags: [],
      forks: 5,
      confirmWithinSec: order.confirmWithinSec,
      waitLockSec: order.waitLockSec,
      forceUnsafe: false,
      ...(order.limit === undefined ? {} : { limit: order.limit }),
    },
    deadlines: order.isInPeace ? {} : DEADLINES,
    helper: { faults: true },
    emit: say,
    signal: new AbortController().signal,
  });
  return exitCode(summary, { interrupted: false, declined: false });
}
