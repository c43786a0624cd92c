/** Drives one host through an OS upgrade with the helper's verbs alone, as a controller would. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { OsDeployment, OsLook } from '../../src/host/os-look.ts';
import { parseOsLook } from '../../src/host/os-look-parse.ts';
import {
  type OsOpenRequest,
  osDeadlineCall,
  osGoCommand,
  osLookCall,
  osOpenCall,
  osStageCall,
} from '../../src/host/os-verbs.ts';
import { type HostStep, parseStep } from '../../src/host/steps.ts';
import { endOf, errorOf, type TestHost } from './host-fixture.ts';

export const FAULTS = { faults: true };
const BOOT_MS = 90_000;

export function bootedOf({ deployments }: OsLook): OsDeployment {
  const booted = deployments.find((deployment) => deployment.booted);
  if (booted === undefined) throw new Error('nothing is booted');
  return booted;
}

export class OsDriver {
  readonly #host: TestHost;
  token = '';

  constructor(host: TestHost) {
    this.#host = host;
  }

  async look(): Promise<OsLook> {
    return parseOsLook(Buffer.from(await this.#host.raw(osLookCall())));
  }

  /** Opens the slot for the newest release, or a rollback, as the controller does. */
  async open(target: string, over: Partial<OsOpenRequest> = {}): Promise<OsOpenRequest> {
    const seen = await this.look();
    if (this.token !== '') await this.#host.release(this.token);
    this.token = randomUUID();
    await this.#host.acquire(this.token);
    const booted = bootedOf(seen);
    const request: OsOpenRequest = {
      id: randomUUID().slice(0, 12),
      token: this.token,
      bootId: seen.bootId,
      owner: 'tester@desk',
      run: 'run-1',
      action: 'upgrade',
      from: booted.name,
      fromVersion: booted.version,
      fromTarget: booted.checksum,
      to: '',
      toVersion: 'next',
      target,
      withinSec: 60,
      checkAfterSec: 1,
      units: ['demo.service', 'not-there.service'],
      dropStaged: '',
      ...over,
    };
    const steps = await this.#host.call(osOpenCall(request, FAULTS));
    expect(endOf(steps), JSON.stringify(steps)).toMatchObject({ kind: 'opened', id: request.id });
    return request;
  }

  async dialogue(command: string): Promise<readonly HostStep[]> {
    const connection = await this.#host.connect();
    const steps: HostStep[] = [];
    try {
      const talk = await connection.start(command, { what: 'leaving', timeoutMs: 60_000 });
      talk.result.catch(() => undefined);
      for await (const line of talk.lines) {
        const step = parseStep(line);
        steps.push(step);
        if (step.kind === 'ready') await talk.write('go\n');
      }
    } catch (error) {
      // The link dies with the host, at any moment after go.
      if (!steps.some(({ kind }) => kind === 'ready')) throw error;
    } finally {
      await connection.close();
    }
    return steps;
  }

  /** The next look in another boot than `bootId`. */
  async afterBoot(bootId: string): Promise<OsLook> {
    const deadline = performance.now() + BOOT_MS;
    for (;;) {
      this.#host.forget();
      const seen = await this.look().catch(() => undefined);
      if (seen !== undefined && seen.bootId !== bootId) return seen;
      if (performance.now() > deadline) throw new Error('the host did not come back');
      await sleep(200);
    }
  }

  /** Until the slot is gone. */
  async ended(): Promise<OsLook> {
    const deadline = performance.now() + BOOT_MS;
    for (;;) {
      const seen = await this.look().catch(() => {
        this.#host.forget();
        return undefined;
      });
      if (seen !== undefined && seen.slot === undefined) return seen;
      if (performance.now() > deadline) throw new Error(`still open: ${JSON.stringify(seen?.slot)}`);
      await sleep(200);
    }
  }

  /** From open to the first look in the trial. */
  async intoTrial(
    target: string,
    over: Partial<OsOpenRequest> = {},
  ): Promise<{ request: OsOpenRequest; seen: OsLook }> {
    const request = await this.open(target, over);
    // withinSec is the trial's; staging takes what it takes.
    expect(endOf(await this.#host.call(osDeadlineCall(request, 120)))).toMatchObject({ kind: 'deadline' });
    const staged = await this.#host.call(
      osStageCall({ ...request, revision: `revision=${target}`, allowDowngrade: false }, FAULTS),
    );
    expect(endOf(staged), JSON.stringify(staged)).toMatchObject({
      kind: 'staged',
      to: expect.stringContaining(target),
    });
    const steps = await this.dialogue(osGoCommand(request, FAULTS));
    expect(errorOf(steps)).toBeUndefined();
    const seen = await this.afterBoot(request.bootId);
    return { request, seen };
  }

  /** What runs once the boot is over. */
  async versions(): Promise<string> {
    await this.#host.shell('systemctl is-system-running --wait || :');
    return this.#host.versions();
  }
}
