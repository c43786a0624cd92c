/** What resource constructors refuse before any host is asked. */
import { describe, expect, it } from 'vitest';
import { command, directory, file, image, unit } from '../../../src/resources/index.ts';

describe('paths', () => {
  it.each([
    'etc/x',
    '/etc/../x',
    '/etc//x',
    '/etc/x/',
    '/',
    '/etc/a\nb',
    '/proc/x',
    '/usr/bin/x',
    '/etc/.coreos-infra/x',
    '/var/lib/coreos-infra/x',
    `/etc/${'a'.repeat(1100)}`,
  ])('refuses %j', (path) => {
    expect(() => file(path, { content: '' })).toThrow(/path .*: /);
  });

  it('takes what lies in /etc, /var, /run and /usr/local', () => {
    expect(file('/usr/local/bin/x', { content: '', mode: 0o755 })).toMatchObject({
      id: 'file:/usr/local/bin/x',
      mode: 0o755,
      owner: 'root',
      group: 'root',
    });
    expect(directory('/var/lib/x')).toMatchObject({ id: 'directory:/var/lib/x', mode: 0o755 });
  });

  it.each([-1, 0o10000, 1.5])('refuses mode %j', (mode) => {
    expect(() => file('/etc/x', { content: '', mode })).toThrow(/permission mode/);
  });

  it.each(['', 'a b', 'Root', '$(id)', 'a:b'])('refuses owner %j', (owner) => {
    expect(() => file('/etc/x', { content: '', owner })).toThrow(/owner or group/);
  });
});

describe('image', () => {
  it.each(['docker.io/coredns/coredns:1.15.0', 'localhost:5000/a/b:2', `quay.io/x/y@sha256:${'a'.repeat(64)}`])(
    'takes %s',
    (name) => {
      expect(image(name).name).toBe(name);
    },
  );

  it.each([
    'coredns:1.0',
    'docker.io/coredns/coredns',
    'docker.io/coredns/coredns:latest',
    'docker.io/a/b:1;rm',
    'docker.io/a/b@sha256:abc',
  ])('refuses %s', (name) => {
    expect(() => image(name)).toThrow(/fully qualified and pinned/);
  });
});

describe('unit', () => {
  it.each(['coredns', 'a b.service', '-x.service', '../x.service', 'x.service; reboot'])('refuses %j', (name) => {
    expect(() => unit(name)).toThrow(/not a unit name/);
  });

  it('takes triggers as ids or as resources', () => {
    const config = file('/etc/x', { content: '' });
    expect(unit('x.service', { reloadOn: [config, 'zone:a'] }).reloadOn).toEqual(['file:/etc/x', 'zone:a']);
  });
});

describe('command', () => {
  it('must say when it need not run', () => {
    expect(() => command('x', { script: 'true' })).toThrow(/says neither/);
    expect(command('x', { script: 'true', creates: '/etc/x', changedWhen: /yes/ })).toMatchObject({
      id: 'command:x',
      creates: '/etc/x',
      changedWhen: 'yes',
      timeoutSec: 60,
    });
  });
});
