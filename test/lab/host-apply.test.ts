/** What the helper applies on real hosts, keeps, and puts back. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { confirmCall, generationCall, generationsCall, parseGeneration, revertCall } from '../../src/host/verbs.ts';
import {
  downHosts,
  endOf,
  errorOf,
  fileChange,
  isPossible,
  managed,
  PATHS,
  type TestHost,
  upHosts,
} from './host-fixture.ts';

describe.skipIf(!isPossible)('applying to a host', () => {
  let host: TestHost;
  let hosts: readonly TestHost[] = [];

  beforeAll(async () => {
    hosts = await upHosts();
    [host] = hosts as [TestHost];
  });
  afterAll(async () => {
    await downHosts(hosts);
  });

  it('applies, confirms once and for all, and remembers what it wrote', async () => {
    await host.reset();
    const changeSet = await host.settle('v1', {
      extra: { serials: [{ zone: '64/26.2.0.192.in-addr.arpa', serial: 2026112001 }] },
    });
    expect(await host.versions()).toBe('v1 active');
    expect(await host.leftovers()).toBe('');
    const again = await host.call(confirmCall(changeSet.id, changeSet.bootId));
    expect(again.at(-1)).toEqual({ kind: 'confirmed', id: changeSet.id, generation: 1 });
    const seen = await host.observe();
    expect(seen.generation).toBe(1);
    expect(seen.slot).toBeUndefined();
    expect(seen.highestSerials).toEqual(new Map([['64/26.2.0.192.in-addr.arpa', 2026112001]]));
    expect(seen.managed).toEqual(changeSet.managed);
    expect(seen.paths.get(PATHS.etc)).toMatchObject({ mode: 0o644, owner: 'root', group: 'root' });
  });

  it('undoes a change whose service dies, and says in whose words', async () => {
    const unitText =
      '[Service]\nExecStartPre=/bin/sh -c "echo Corefile:12 - unknown directive >&2"\nExecStart=/bin/sh -c "sleep 0.3; exit 7"\n';
    const { steps } = await host.apply(await host.demo('v2', { unitText, settleSec: 2 }));
    expect(errorOf(steps), JSON.stringify(steps)).toMatchObject({ error: 'unit-failed', step: 'local-checks' });
    expect(errorOf(steps)?.message).toContain('exit status 7');
    expect(errorOf(steps)?.detail.join('\n')).toContain('Corefile:12 - unknown directive');
    expect(endOf(steps)?.kind).toBe('reverted');
    expect(await host.versions()).toBe('v1 active');
    expect(await host.leftovers()).toBe('');
    expect((await host.observe()).generation).toBe(1);
  });

  it('keeps the process of a service that was only reloaded when the change is undone', async () => {
    const pid = await host.shell('systemctl show -P MainPID demo.service');
    const changeSet = await host.demo('v2', { action: 'reload' });
    await host.apply(changeSet);
    expect(await host.versions()).toBe('v2 active');
    const ended = await host.call(revertCall(changeSet.id));
    expect(ended.at(-1)).toMatchObject({ kind: 'reverted', notUndone: [] });
    expect(await host.versions()).toBe('v1 active');
    expect(await host.shell('systemctl show -P MainPID demo.service')).toBe(pid);
    const late = await host.call(confirmCall(changeSet.id, changeSet.bootId));
    expect(errorOf(late)).toMatchObject({ error: 'no-slot' });
  });

  it('runs commands, hands their output back, and undoes them where it can', async () => {
    const commands = [
      {
        id: 'command:first',
        script: 'echo one; echo two; touch /run/demo.first',
        undo: 'rm /run/demo.first',
        timeoutSec: 5,
        step: 1,
      },
      { id: 'command:second', script: 'echo it broke >&2; exit 4', timeoutSec: 5, step: 2 },
    ];
    const { steps } = await host.apply(await host.demo('v2', { extra: { commands } }));
    expect(steps).toContainEqual({ kind: 'output', id: 'command:first', output: 'one\ntwo' });
    expect(errorOf(steps)).toMatchObject({ error: 'command-failed', detail: ['it broke'] });
    expect(endOf(steps)).toMatchObject({ kind: 'reverted', notUndone: ['command:second'] });
    expect(await host.shell('ls /run/demo.first 2>/dev/null || echo gone')).toBe('gone');
    expect(await host.versions()).toBe('v1 active');
  });

  it('deletes files and folders, and brings back an earlier generation from what it kept', async () => {
    const seen = await host.observe();
    const changeSet = await host.demo('v1', {
      extra: {
        files: [fileChange(seen, PATHS.var, null), fileChange(seen, PATHS.etc, 'v3\n')],
        directories: [{ path: '/var/lib/demo', action: 'delete', mode: 0o755, owner: 'root', group: 'root' }],
        units: [{ unit: 'demo.service', action: 'stop', when: 'before', settleSec: 0 }],
        managed: [managed(PATHS.etc, 'v3\n')],
      },
    });
    const { steps } = await host.apply(changeSet);
    expect(endOf(steps)?.kind).toBe('applied');
    await host.call(confirmCall(changeSet.id, changeSet.bootId));
    expect(await host.shell('ls -d /var/lib/demo 2>/dev/null || echo gone')).toBe('gone');
    const kept = await host.call(generationsCall());
    expect(kept.map((step) => (step.kind === 'generation' ? [step.generation, step.files, step.owner] : []))).toEqual([
      [1, 3, 'tester@desk'],
      [expect.any(Number), 1, 'tester@desk'],
    ]);
    const connection = await host.connect();
    const call = generationCall(1);
    const result = await connection.exec(call.command, {
      what: 'reading a generation',
      timeoutMs: 30_000,
      stdin: call.stdin,
    });
    const none = generationCall(99);
    const missing = await connection.exec(none.command, {
      what: 'reading a generation',
      timeoutMs: 30_000,
      stdin: none.stdin,
    });
    await connection.close();
    const generation = parseGeneration(result.stdout);
    expect(generation?.managed.map(({ path }) => path)).toEqual([PATHS.etc, PATHS.var, PATHS.unit]);
    expect([...(generation?.contents.values() ?? [])].map(String)).toContain('v1\n');
    expect(parseGeneration(missing.stdout)).toBeUndefined();
    await host.settle('v4');
    expect(await host.versions()).toBe('v4 active');
  });

  it('works on a mount of its own beside the target, and leaves nothing there', async () => {
    await host.shell(
      'mkdir -p /var/lib/demo.mnt; mount -t tmpfs -o mode=755 none /var/lib/demo.mnt; echo old >/var/lib/demo.mnt/a',
    );
    const paths = ['/var/lib/demo.mnt/a', '/var/lib/demo.mnt/sub/b'];
    const seen = await host.observe(paths);
    const extra = {
      files: [fileChange(seen, paths[0] as string, 'new\n'), fileChange(seen, paths[1] as string, 'b\n')],
      directories: [
        { path: '/var/lib/demo.mnt/sub', action: 'create' as const, mode: 0o750, owner: 'root', group: 'core' },
      ],
    };
    const first = await host.demo('v4', { action: 'reload', extra });
    expect(endOf((await host.apply(first)).steps)?.kind).toBe('applied');
    expect(
      await host.shell('cat /var/lib/demo.mnt/a /var/lib/demo.mnt/sub/b; stat -c "%a %G" /var/lib/demo.mnt/sub'),
    ).toBe('new\nb\n750 core');
    await host.call(revertCall(first.id));
    expect(await host.shell('cat /var/lib/demo.mnt/a; ls -A /var/lib/demo.mnt')).toBe('old\na');
    const second = await host.demo('v4', { action: 'reload', extra });
    await host.apply(second);
    await host.call(confirmCall(second.id, second.bootId));
    expect(
      await host.shell(
        'cat /var/lib/demo.mnt/a; ls -A /var/lib/demo.mnt; umount /var/lib/demo.mnt; rmdir /var/lib/demo.mnt',
      ),
    ).toBe('new\na\nsub');
    await host.settle('v4');
  });

  it('brings back a unit whose file it had deleted, enabled and running', async () => {
    await host.shell('systemctl enable demo.service');
    const seen = await host.observe();
    const changeSet = await host.demo('v4', {
      extra: {
        files: [fileChange(seen, PATHS.unit, null)],
        daemonReload: true,
        units: [
          { unit: 'demo.service', action: 'stop', when: 'before', settleSec: 0 },
          { unit: 'demo.service', action: 'disable', when: 'before', settleSec: 0 },
        ],
      },
    });
    expect(endOf((await host.apply(changeSet)).steps)?.kind).toBe('applied');
    expect(await host.shell('systemctl show -P LoadState,ActiveState demo.service')).toContain('not-found');
    expect(endOf(await host.call(revertCall(changeSet.id)))?.kind).toBe('reverted');
    expect(await host.shell('systemctl is-enabled demo.service; systemctl is-active demo.service')).toBe(
      'enabled\nactive',
    );
    expect(await host.versions()).toBe('v4 active');
    await host.shell('systemctl disable demo.service');
  });

  it('keeps the last ten generations, and the contents that they name', async () => {
    for (let n = 0; n < 10; n += 1) await host.settle(`w${n}`, { action: 'reload' });
    const numbers = (await host.shell('ls /var/lib/coreos-infra/generations')).split('\n').map(Number);
    expect(numbers).toHaveLength(10);
    const objects = (await host.shell('ls /var/lib/coreos-infra/objects')).split('\n');
    expect(objects).toHaveLength(11); // ten versions, one unit
    expect((await host.observe()).generation).toBe(Math.max(...numbers));
  });
});
