/** Schedules on a controller of its own with a real systemd: they fire by themselves, make up for what they missed, and tell when they fail. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LabHost, labBoot, labCrash } from '../../src/lab/index.ts';
import { nextElapses } from '../../src/schedule/calendar.ts';
import type { RunLine, RunRecord } from '../../src/store/record.ts';
import { MAKE_USER, makeController, PROJECT, RUN, RUN_AS_USER, USER } from './controller-host.ts';
import { noLab, usePair } from './pair.ts';

interface AddOptions {
  /** What has to be done after it was added and before it is due. */
  readonly before?: () => Promise<void>;
  /** Who adds it; default root. */
  readonly as?: (words: string) => Promise<string>;
}

describe.skipIf(noLab)('run schedule, on a controller with systemd', () => {
  const pair = usePair();
  const heard: unknown[] = [];
  let receiver: Server;

  const hostNamed = (name: string): LabHost => {
    const host = pair().state.hosts.find((one) => one.name === name);
    if (host === undefined) throw new Error(`no host ${name}`);
    return host;
  };
  /** A command line of the controller; both its streams, whatever it ends with. */
  const run = (words: string): Promise<string> => pair().onHost('ns2', `${RUN} ${words} 2>&1; echo "exit $?"`);
  const history = async (filter: string): Promise<readonly RunLine[]> =>
    (JSON.parse(await pair().onHost('ns2', `${RUN} history --json ${filter}`)) as { readonly runs: readonly RunLine[] })
      .runs;

  /** Waits for a run of a schedule in the history; it took place without anybody's hand. */
  async function runOf(schedule: string, withinSec: number): Promise<RunLine> {
    const deadline = Date.now() + withinSec * 1000;
    for (;;) {
      const found = (await history('')).find((one) => one.schedule === schedule && one.endedAt !== null);
      if (found !== undefined) return found;
      if (Date.now() > deadline) throw new Error(`${schedule} did not run:\n${await run('schedule list')}`);
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
  }

  /**
   * Adds a schedule that comes once, soon, and does what has to be done before it does. On a busy machine that may take too long:
   * then it is added anew, for later. Hosts of the lab have this machine's clock.
   */
  async function addSoon(
    name: string,
    words: string,
    tries: readonly number[],
    { before = async () => {}, as = run }: AddOptions = {},
  ): Promise<{ readonly text: string; readonly dueMs: number }> {
    for (const seconds of tries) {
      const dueMs = Math.ceil(Date.now() / 1000) * 1000 + seconds * 1000;
      const moment = `${new Date(dueMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
      const options = `--replace --randomized-delay 0 --on-calendar "${moment}"`;
      const text = await as(`schedule add ${name} ${options} -- ${words}`);
      if (Date.now() < dueMs - 2_000) await before();
      if (Date.now() < dueMs) return { text, dueMs };
      await labBoot(pair().labName, 'ns2', { withinMs: 120_000 });
    }
    throw new Error(`${name} was due before it could be added, ${tries.at(-1)} s after the beginning`);
  }

  beforeAll(async () => {
    receiver = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        heard.push(JSON.parse(Buffer.concat(chunks).toString()));
        response.end();
      });
    });
    await new Promise<void>((resolve) => receiver.listen(0, resolve));
    const { port } = receiver.address() as AddressInfo;
    const gateway = pair().state.networks[0]?.gateway ?? '';
    await makeController(hostNamed('ns2'), hostNamed('ns1'), {
      notify: [{ webhook: `http://${gateway}:${port}/hook` }],
    });
  });

  afterAll(async () => {
    receiver.closeAllConnections();
    await new Promise((resolve) => receiver.close(resolve));
  });

  test('what cannot be is refused with words, and nothing is scheduled', async () => {
    const add = (options: string): Promise<string> => run(`schedule add x --on-calendar ${options}`);
    expect(await add('"*-02-30" -- exec -- true')).toMatch(/never comes[\s\S]*exit 1$/);
    expect(await add('"whenever" -- exec -- true')).toMatch(/is not a time that systemd understands[\s\S]*exit 1$/);
    expect(await add('daily -- deploy-dsn')).toMatch(/deploy-dsn[\s\S]*exit 1$/);
    expect(await add('daily -- exec -- app --password=hunter2')).toMatch(/a secret may not stand[\s\S]*exit 1$/);
    await pair().onHost('ns2', `mv ${PROJECT}/key ${PROJECT}/key.away`);
    const refused = await add('daily -- exec -l ns1 -- uptime');
    await pair().onHost('ns2', `mv ${PROJECT}/key.away ${PROJECT}/key`);
    expect(refused).toMatch(
      /run exec -l ns1 -- true does not work without you[\s\S]*key[\s\S]*Nothing was scheduled[\s\S]*exit 1$/,
    );
    expect(await run('schedule list')).toContain('Nothing is scheduled');
    expect(await pair().onHost('ns2', 'ls /etc/systemd/system')).not.toContain('coreos-infra-x');
  });

  test('it fires by itself, its words arrive as they were given, and its run is in the history', async () => {
    const words = `exec -l ns1 -- echo '%n $HOME \${X} "q" \\n'`;
    const added = await addSoon('tick', words, [12, 60]);
    expect(added.text).toMatch(/tick is scheduled[\s\S]*exit 0$/);
    const { id, exit } = await runOf('tick', 60);
    expect(exit).toBe(0);
    const record = JSON.parse(await pair().onHost('ns2', `${RUN} history show ${id.slice(0, 4)} --json`)) as RunRecord;
    expect(record).toMatchObject({
      command: 'exec',
      schedule: 'tick',
      owner: 'root@ns2',
      hosts: [{ host: 'ns1', status: 'ok' }],
    });
    expect(record.args.slice(-2)).toEqual(['echo', '%n $HOME ${X} "q" \\n']);
    expect(await run('schedule show tick')).toContain(id);
  });

  test('a failure is told to who wants to know, and started by hand it runs at once', async () => {
    expect(await run('schedule add bad --on-calendar daily -- exec -l ns1 -- false')).toMatch(/exit 0$/);
    expect(await run('schedule run-now bad')).toMatch(/bad is started[\s\S]*exit 0$/);
    expect((await runOf('bad', 30)).exit).toBe(2);
    await expect.poll(() => heard, { timeout: 30_000 }).toHaveLength(1);
    expect(heard[0]).toMatchObject({ event: 'run-ended', schedule: 'bad', outcome: 'failed', exit: 2 });
    expect(await run('schedule list')).toMatch(/bad .*exit 2/);
    expect(await run('schedule remove bad')).toMatch(/exit 0$/);
    expect(await pair().onHost('ns2', 'ls /etc/systemd/system')).not.toContain('coreos-infra-bad');
  });

  test('it never runs beside itself, whoever starts it, and that is no failure', async () => {
    expect(await run('schedule add slow --on-calendar daily -- exec -l ns1 -- sleep 8')).toMatch(/exit 0$/);
    const service = 'coreos-infra-slow.service';
    const lock = await pair().onHost('ns2', `grep -o '/[^"]*slow.lock' /etc/systemd/system/${service}`);
    const shown = `systemctl show --property=Result,ExecMainStatus ${service}`;
    expect(await pair().onHost('ns2', `flock ${lock} systemctl start ${service}; ${shown}`)).toMatch(
      /ExecMainStatus=75[\s\S]*Result=success|Result=success[\s\S]*ExecMainStatus=75/,
    );
    expect((await history('')).filter(({ schedule }) => schedule === 'slow')).toEqual([]);
    expect(await run('schedule run-now slow')).toMatch(/slow is started[\s\S]*exit 0$/);
    expect(await run('schedule run-now slow')).toMatch(/slow runs already[\s\S]*exit 5$/);
    expect((await runOf('slow', 60)).exit).toBe(0);
  });

  test('what it missed while the controller was off it does when that boots', async () => {
    const { dueMs } = await addSoon('missed', 'exec -l ns1 -- true', [14, 60], {
      before: async () => {
        await pair().onHost('ns2', 'sync');
        await labCrash(pair().labName, 'ns2', { stayOff: true });
      },
    });
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, dueMs + 1_500 - Date.now())));
    await labBoot(pair().labName, 'ns2', { withinMs: 120_000 });
    expect((await runOf('missed', 60)).exit).toBe(0);
  });

  test('a user without rights has timers of its own; what they need to run without a session is said', async () => {
    const onHost = (script: string): Promise<string> => pair().onHost('ns2', script);
    const asUser = (words: string): Promise<string> => onHost(`${RUN_AS_USER} ${words} 2>&1; echo "exit $?"`);
    await onHost(MAKE_USER);
    const daily = 'schedule add tock --on-calendar daily -- exec -l ns1 -- true';
    expect(await asUser(daily)).toMatch(
      /systemd of user dns does not answer: [\s\S]*Nothing was scheduled[\s\S]*loginctl enable-linger dns[\s\S]*exit 1$/,
    );
    // As in a session, without lingering.
    await onHost(`systemctl start user@$(id -u ${USER}).service`);
    expect(await asUser(daily)).toMatch(
      /tock is scheduled[\s\S]*only while that user is logged in[\s\S]*sudo loginctl enable-linger dns[\s\S]*exit 0$/,
    );
    expect(await asUser('schedule list')).toContain('loginctl enable-linger dns');
    await onHost(`loginctl enable-linger ${USER}`);
    const { text } = await addSoon('tock', 'exec -l ns1 -- true', [20, 90], { as: asUser });
    expect(text).toMatch(/exit 0$/);
    expect(await asUser('schedule show tock')).toMatch(/of the user[\s\S]*exit 0$/);
    await expect
      .poll(() => asUser('history --json'), { timeout: 120_000, interval: 1_000 })
      .toMatch(/"schedule":"tock".*"exit":0/);
    expect(await asUser('schedule list')).not.toContain('enable-linger');
    // Root has no part in it.
    expect(await run('schedule list')).not.toContain('tock');
    expect(await asUser('schedule remove tock')).toMatch(/exit 0$/);
  });

  test('times in a zone keep their hour over the change of the clocks, come once, and leave out an hour that there is not', async () => {
    const at = (baseTime: string): Promise<readonly string[]> =>
      nextElapses('*-*-* 02:30 Europe/Berlin', { iterations: 3, baseTime });
    const spring = await at('2026-03-27 12:00 UTC');
    expect(spring[0]).toBe('2026-03-28T01:30:00.000Z');
    expect(spring).toContain('2026-03-30T00:30:00.000Z');
    expect(await at('2026-10-24 12:00 UTC')).toEqual([
      '2026-10-25T00:30:00.000Z',
      '2026-10-26T01:30:00.000Z',
      '2026-10-27T01:30:00.000Z',
    ]);
  });
});
