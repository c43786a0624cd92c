/** Preconditions: all members are asked, and one verdict decides before anything is touched. */
import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../../src/engine/events.ts';
import type { PlannedHost } from '../../../src/engine/plan-host.ts';
import { checkPreconditions } from '../../../src/engine/preconditions.ts';
import type { RunContext } from '../../../src/engine/run-context.ts';
import type { SurveyedHost } from '../../../src/engine/survey.ts';
import type { HostAnswer, PreconditionVerdict } from '../../../src/playbook/precondition.ts';
import { LinkLostError } from '../../../src/ssh/errors.ts';
import type { Connection } from '../../../src/ssh/transport.ts';
import { desired, observation } from './build.ts';

const REFUSAL = { message: 'the clocks are 90 s apart', detail: ['ns2'], remedy: 'Set them right.' };

interface Case {
  readonly verdict: PreconditionVerdict;
  readonly options?: Partial<RunContext['options']>;
  /** Whose link is gone. */
  readonly lost?: string;
}

function setUp({ verdict, options = {}, lost }: Case) {
  const events: RunEvent[] = [];
  const seen: ReadonlyMap<string, HostAnswer>[] = [];
  const asked: string[] = [];
  let clock = 0;
  const ctx = {
    options: { check: false, forceUnsafe: false, ...options },
    emit: (event: RunEvent) => void events.push(event),
    now: () => ++clock,
    signal: new AbortController().signal,
  } as unknown as RunContext; // only these are used
  const surveyed = (name: string): SurveyedHost => {
    const base = desired();
    const connection = {
      host: name,
      exec: async (command: string) => {
        if (name === lost) throw new LinkLostError('gone', { host: name, remedy: 'none' });
        asked.push(`${name}: ${command}`);
        return { code: 0, stdout: Buffer.from(`I am ${name}`), stderr: Buffer.alloc(0) };
      },
    } as unknown as Connection; // nothing else is called
    return {
      desired: {
        ...base,
        host: { ...base.host, name },
        preconditions: (roles) =>
          roles.includes('kea')
            ? [
                {
                  name: 'Kea',
                  script: 'echo $HOME',
                  timeoutSec: 5,
                  judge: (all) => {
                    seen.push(all);
                    return verdict;
                  },
                },
              ]
            : [],
      },
      connection,
      observation: observation(),
      early: Promise.resolve([]),
      startedMs: 0,
    };
  };
  const reached = [surveyed('ns1'), surveyed('ns2')];
  const check = (roles: readonly string[] = ['kea']): Promise<void> => {
    const [survey] = reached;
    if (survey === undefined) throw new Error('ns1 is there');
    return checkPreconditions(ctx, { survey, changeSet: undefined, reports: [], roles } as PlannedHost, reached);
  };
  const warnings = (): readonly string[] =>
    events.flatMap((event) => (event.event === 'warning' ? [event.message] : []));
  return { check, seen, asked, warnings };
}

describe('preconditions', () => {
  it('ask every member, as root and within their time, and judge all answers together', async () => {
    const { check, seen, asked } = setUp({ verdict: { warnings: [] } });
    await check();
    expect(asked).toEqual([expect.stringContaining('ns1: '), expect.stringContaining('ns2: ')]);
    expect(asked[0]).toContain("sudo -n -- timeout -k 1 5 /bin/bash -c 'echo $HOME'");
    expect([...(seen[0] ?? [])].map(([name, { stdout }]) => `${name} ${stdout}`)).toEqual([
      'ns1 I am ns1',
      'ns2 I am ns2',
    ]);
    for (const { askedMs, answeredMs } of seen[0]?.values() ?? []) expect(answeredMs).toBeGreaterThan(askedMs);
  });

  it('are asked for the roles that change something, and for no other', async () => {
    const { check, asked } = setUp({ verdict: { warnings: [], refusal: REFUSAL } });
    await check(['coredns']);
    expect(asked).toEqual([]);
  });

  it('refuse with the verdict’s words', async () => {
    const { check } = setUp({ verdict: { warnings: [], refusal: REFUSAL } });
    await expect(check()).rejects.toMatchObject({
      code: 'E_REFUSED',
      message: 'ns1 was not touched: the clocks are 90 s apart',
      detail: ['ns2'],
      remedy: 'Set them right.',
    });
  });

  it('only tell in check mode, and are overruled by --force-unsafe', async () => {
    const check = setUp({ verdict: { warnings: [], refusal: REFUSAL }, options: { check: true } });
    await check.check();
    expect(check.warnings()).toEqual(['ns1 would be refused: the clocks are 90 s apart']);
    const forced = setUp({ verdict: { warnings: [], refusal: REFUSAL }, options: { forceUnsafe: true } });
    await forced.check();
    expect(forced.warnings()).toEqual([expect.stringContaining('because of --force-unsafe')]);
  });

  it('say the same thing once in a run', async () => {
    const { check, warnings } = setUp({ verdict: { warnings: ['the clocks are 45 s apart'] } });
    await check();
    await check();
    expect(warnings()).toEqual(['the clocks are 45 s apart']);
  });

  it('leave out a member that cannot be asked', async () => {
    const { check, seen } = setUp({ verdict: { warnings: [] }, lost: 'ns2' });
    await check();
    expect([...(seen[0]?.keys() ?? [])]).toEqual(['ns1']);
  });
});
