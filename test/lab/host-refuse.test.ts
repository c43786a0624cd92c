/** What the helper refuses on real hosts, before anything is touched. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { downHosts, errorOf, fileChange, isPossible, PATHS, type TestHost, upHosts } from './host-fixture.ts';

describe.skipIf(!isPossible)('refused before anything is touched', () => {
  let host: TestHost;
  let hosts: readonly TestHost[] = [];
  afterAll(async () => {
    await downHosts(hosts);
  });

  let untouched = '';
  beforeAll(async () => {
    hosts = await upHosts();
    [host] = hosts as [TestHost];
    await host.reset();
    await host.settle('v1');
    untouched = await host.shell(`sha256sum ${PATHS.etc} ${PATHS.var} ${PATHS.unit}`);
  });
  const stays = async (): Promise<void> => {
    expect(await host.shell(`sha256sum ${PATHS.etc} ${PATHS.var} ${PATHS.unit}`)).toBe(untouched);
    expect(await host.versions()).toBe('v1 active');
    expect(await host.leftovers()).toBe('');
  };

  it('a file that changed since it was observed', async () => {
    const changeSet = await host.demo('v2');
    await host.shell(`chmod 600 ${PATHS.var}`);
    const { steps } = await host.apply(changeSet);
    await host.shell(`chmod 644 ${PATHS.var}`);
    expect(errorOf(steps)).toMatchObject({ error: 'stale', detail: [PATHS.var] });
    await stays();
  });

  it('a file that changed between ready and go', async () => {
    const changeSet = await host.demo('v2');
    const { steps } = await host.apply(changeSet, {
      onStep: async (step) =>
        void (step.kind === 'ready' && (await host.shell(`touch ${PATHS.etc}; chmod 600 ${PATHS.etc}`))),
    });
    await host.shell(`chmod 644 ${PATHS.etc}`);
    expect(errorOf(steps)).toMatchObject({ step: 'arm', error: 'stale' });
    await stays();
  });

  it('another boot than the one that was observed', async () => {
    const { steps } = await host.apply(await host.demo('v2', { extra: { bootId: randomUUID() } }));
    expect(errorOf(steps)).toMatchObject({ error: 'booted' });
    await stays();
  });

  it('no go from the controller', async () => {
    const { steps } = await host.apply(await host.demo('v2'), { go: false });
    expect(errorOf(steps)).toMatchObject({ error: 'no-go' });
    await stays();
  });

  it('an immutable file, by name', async () => {
    await host.shell(`chattr +i ${PATHS.etc}`);
    const { steps } = await host.apply(await host.demo('v2'));
    await host.shell(`chattr -i ${PATHS.etc}`);
    expect(errorOf(steps)).toMatchObject({ error: 'immutable' });
    expect(errorOf(steps)?.message).toContain(PATHS.etc);
    await stays();
  });

  it('an append-only folder', async () => {
    await host.shell('chattr +a /etc/demo');
    const { steps } = await host.apply(await host.demo('v2'));
    expect(await host.shell('chattr -a /etc/demo; ls -A /etc/demo')).toBe('a.conf');
    expect(errorOf(steps)).toMatchObject({ error: 'immutable' });
    await stays();
  });

  it('a read-only file system', async () => {
    await host.shell(
      'mkdir -p /var/lib/demo.ro; mount -t tmpfs -o mode=755 none /var/lib/demo.ro; mount -o remount,ro /var/lib/demo.ro',
    );
    const seen = await host.observe(['/var/lib/demo.ro/x']);
    const { steps } = await host.apply(
      await host.demo('v2', { extra: { files: [fileChange(seen, '/var/lib/demo.ro/x', 'x')] } }),
    );
    await host.shell('umount /var/lib/demo.ro; rmdir /var/lib/demo.ro');
    expect(errorOf(steps)).toMatchObject({ error: 'read-only' });
    await stays();
  });

  it('a symbolic link, as the file or above it', async () => {
    await host.shell('ln -sfn /etc/demo /etc/demo.link; ln -sfn a.conf /etc/demo/c.conf');
    const file = (path: string) => ({
      path,
      content: Buffer.from('x'),
      mode: 0o644,
      owner: 'root',
      group: 'root',
      before: null,
    });
    const above = await host.apply(await host.demo('v2', { extra: { files: [file('/etc/demo.link/new')] } }));
    const itself = await host.apply(await host.demo('v2', { extra: { files: [file('/etc/demo/c.conf')] } }));
    await host.shell('rm /etc/demo.link /etc/demo/c.conf');
    expect(errorOf(above.steps)).toMatchObject({ error: 'symlink' });
    expect(errorOf(itself.steps)).toMatchObject({ error: 'symlink' });
    await stays();
  });

  it('a folder in which others than root may write', async () => {
    for (const [command, undo] of [
      ['chown core /etc/demo', 'chown root /etc/demo'],
      ['chmod o+w /etc/demo', 'chmod 755 /etc/demo'],
      ['chgrp core /etc/demo; chmod g+w /etc/demo', 'chgrp root /etc/demo; chmod 755 /etc/demo'],
    ] as const) {
      await host.shell(command);
      const { steps } = await host.apply(await host.demo('v2'));
      await host.shell(undo);
      expect(errorOf(steps), command).toMatchObject({ error: 'unsafe-folder' });
    }
    await stays();
  });

  it('a folder that is not there, and an owner that nobody knows', async () => {
    const seen = await host.observe(['/etc/demo.none/x', '/etc/demo/x']);
    const missing = await host.apply(
      await host.demo('v2', { extra: { files: [fileChange(seen, '/etc/demo.none/x', 'x')] } }),
    );
    expect(errorOf(missing.steps)).toMatchObject({ error: 'missing-folder' });
    const owner = await host.apply(
      await host.demo('v2', { extra: { files: [{ ...fileChange(seen, '/etc/demo/x', 'x'), owner: 'nosuchuser' }] } }),
    );
    expect(errorOf(owner.steps)).toMatchObject({ error: 'owner', message: expect.stringContaining('nosuchuser') });
    await stays();
  });

  it('what the service itself refuses, in its words, without control characters', async () => {
    const validation = {
      name: 'demo -t',
      argv: [
        '/bin/sh',
        '-c',
        'cat "$0"/conf/a.conf "$0"/extra; stat -c "%a %U" "$0"/conf/a.conf; printf "\\033[2Jbad line 3\\n"; exit 3',
        '{dir}',
      ],
      timeoutSec: 5,
      preview: [
        { path: PATHS.etc, as: 'conf/a.conf' },
        { path: '/etc/demo/none', as: 'none' },
      ],
      scratch: [{ as: 'extra', content: 'scratch text\n' }],
    };
    const { steps } = await host.apply(await host.demo('v2', { extra: { validations: [validation] } }));
    expect(errorOf(steps)).toMatchObject({
      error: 'validation',
      detail: ['v2', 'scratch text', '644 root', ' [2Jbad line 3'],
    });
    expect(errorOf(steps)?.message).toContain('demo -t');
    await stays();
  });

  it('a validation that does not end', async () => {
    const validation = { name: 'slow', argv: ['/bin/sleep', '60'], timeoutSec: 1, preview: [], scratch: [] };
    const { steps } = await host.apply(await host.demo('v2', { extra: { validations: [validation] } }));
    expect(errorOf(steps)).toMatchObject({ error: 'validation', message: 'slow did not end within 1 s' });
    await stays();
  });

  it('a quadlet of which the generator makes no unit', async () => {
    const path = '/etc/containers/systemd/demo-q.container';
    const seen = await host.observe([path]);
    const text = '[Container]\nImage=docker.io/library/none:1\nNoSuchKey=1\n';
    const { steps } = await host.apply(
      await host.demo('v2', {
        extra: { files: [fileChange(seen, path, text)], quadlets: [{ path, unit: 'demo-q.service' }] },
      }),
    );
    expect(errorOf(steps)).toMatchObject({ error: 'quadlet' });
    expect(errorOf(steps)?.detail.join('\n')).toContain('NoSuchKey');
    await stays();
  });

  it('an image that is not there and cannot be pulled', async () => {
    const { steps } = await host.apply(await host.demo('v2', { extra: { images: ['localhost:1/none:1'] } }));
    expect(errorOf(steps)).toMatchObject({ step: 'images', error: 'image-missing' });
    await stays();
  });
});
