/** Host probes: the host answers for itself, also with words that are no answer. */
import { describe, expect, it } from 'vitest';
import { runHostProbes } from '../../../src/probes/on-host.ts';
import { runProbes } from '../../../src/probes/run.ts';
import type { HostProbe } from '../../../src/probes/types.ts';
import { runProbesVia } from '../../../src/probes/via-host.ts';
import { HostUnreachableError } from '../../../src/ssh/errors.ts';
import type { Connection, ExecResult } from '../../../src/ssh/transport.ts';

const probe = (over: Partial<HostProbe> = {}): HostProbe => ({
  kind: 'host',
  host: 'ns1',
  service: 'dhcp',
  name: 'state of kea-dhcp4',
  argv: ['ask', "it's; rm -rf /"],
  timeoutSec: 2,
  judge: ({ code, stdout }) => ({ ok: code === 0 && stdout === 'fine', detail: stdout }),
  ...over,
});

function vantage(answer: Partial<ExecResult> | Error, commands: string[] = []) {
  const exec = async (command: string): Promise<ExecResult> => {
    commands.push(command);
    if (answer instanceof Error) throw answer;
    return { code: 0, stdout: Buffer.alloc(0), stderr: Buffer.alloc(0), ...answer };
  };
  return { name: 'ns1', connection: { exec } as unknown as Connection };
}

describe('host probes', () => {
  it('are judged by what the program printed, and their words are quoted', async () => {
    const commands: string[] = [];
    const one = probe();
    const answers = await runHostProbes(vantage({ stdout: Buffer.from('fine') }, commands), [one]);
    expect(answers.get(one)).toMatchObject({ ok: true, service: 'dhcp', name: 'state of kea-dhcp4', detail: 'fine' });
    expect(commands).toEqual([`LC_ALL=C sudo -n -- timeout -k 1 2 ask 'it'\\''s; rm -rf /'`]);
  });

  it('fail by name when the program does not end, or the link does', async () => {
    const one = probe();
    expect((await runHostProbes(vantage({ code: 124 }), [one])).get(one)).toMatchObject({
      ok: false,
      detail: 'no answer in 2 s',
    });
    const lost = new HostUnreachableError('the link broke', { host: 'ns1', reason: 'timeout', remedy: 'Try again.' });
    expect((await runHostProbes(vantage(lost), [one])).get(one)).toMatchObject({ ok: false, detail: 'the link broke' });
  });

  it('are asked on their own host only, and silent from here', async () => {
    const other = probe({ host: 'ns2' });
    expect(await runHostProbes(vantage({}), [other])).toEqual(new Map());
    expect(await runProbesVia(vantage({}), [other])).toEqual([undefined]);
    expect(await runProbes([other], { timeoutMs: 10, tries: 1 })).toMatchObject([{ ok: false, silent: true }]);
  });
});
