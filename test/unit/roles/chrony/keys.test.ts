/** Symmetric keys: what chronyd would misread is refused before a host is asked, and never quoted. */
import { afterEach, describe, expect, it } from 'vitest';
import { chronyConf } from '../../../../roles/chrony/chrony-conf.ts';
import { chrony } from '../../../../roles/chrony/index.ts';
import { keyFile } from '../../../../roles/chrony/keys.ts';
import { chronySettings } from '../../../../roles/chrony/settings.ts';
import { sourcesFile } from '../../../../roles/chrony/sources.ts';
import type { VarValue } from '../../../../src/inventory/model.ts';
import { InvalidValueError } from '../../../../src/schema/errors.ts';
import { SecretError } from '../../../../src/secrets/errors.ts';
import { forgetSecrets } from '../../../../src/secrets/known.ts';
import { exposeSecret, Secret, secretOf } from '../../../../src/secrets/secret.ts';
import { catching } from '../../inventory/tree.ts';
import { contextOf } from './context.ts';

afterEach(forgetSecrets);

const HEX = `HEX:${'0aB1'.repeat(16)}`;
const key = (id: number, value = HEX, type = 'SHA256') => ({ id, type, key: secretOf(value) }) as VarValue;
const settingsOf = (vars: Record<string, VarValue>) => chronySettings(contextOf(vars));
const refusal = (vars: Record<string, VarValue>) => catching(InvalidValueError, () => settingsOf(vars)).message;

describe('keys', () => {
  const vars = {
    keys: [key(1), key(4294967295, 'Some-text_of-20-byte', 'MD5')],
    peer_key: 1,
    servers: [{ host: 'ntp1.example.net', key: 4294967295 }, '203.0.113.9'],
  };

  it('stand in a file of their own, which only chronyd’s group may read', () => {
    const resources = chrony.resources(contextOf({ ...vars, group: '_chrony' }));
    const found = resources.find(({ id }) => id === 'file:/etc/chrony.keys');
    if (found?.kind !== 'file' || !(found.content instanceof Secret)) throw new Error('no key file');
    expect(found).toMatchObject({ mode: 0o640, owner: 'root', group: '_chrony' });
    expect(exposeSecret(found.content).toString()).toBe(
      `# Written by coreos-infra (role chrony). Changes made here are replaced by the next run.\n1 SHA256 ${HEX}\n4294967295 MD5 Some-text_of-20-byte\n`,
    );
  });

  it('are named by sources and peers; the file by chrony.conf', () => {
    const settings = settingsOf(vars);
    expect(chronyConf(settings)).toContain('\nkeyfile /etc/chrony.keys\n');
    expect(sourcesFile(settings.peers)).toContain('peer 192.0.2.12 iburst xleave key 1 minpoll 4 maxpoll 6\n');
    expect(sourcesFile(settings.upstreams)).toContain('server ntp1.example.net iburst trust key 4294967295\n');
    expect(sourcesFile(settings.upstreams)).toContain('server 203.0.113.9 iburst trust\n');
    expect(chronyConf(settingsOf({}))).not.toContain('keyfile');
  });

  it('are reloaded, not restarted for', () => {
    const unit = chrony.resources(contextOf(vars)).find(({ id }) => id === 'unit:chronyd.service');
    if (unit?.kind !== 'unit') throw new Error('no unit');
    expect(unit.reloadOn).toContain('file:/etc/chrony.keys');
    expect(unit.restartOn).not.toContain('file:/etc/chrony.keys');
  });

  it.each([
    [{ peer_key: 3, keys: [key(1)] }, 'there is no key 3 in chrony_keys'],
    [{ servers: [{ host: 'a.example', key: 2 }] }, 'there is no key 2 in chrony_keys'],
    [{ keys: [key(1), key(1)] }, 'key 1 is written twice'],
    [{ keys: [key(1)], nts: true, servers: [{ host: 'a.example', key: 1 }] }, 'both NTS and a key'],
  ])('that contradict the rest are refused', (wrong, message) => {
    expect(refusal(wrong as Record<string, VarValue>)).toContain(message);
  });

  it('in plain text are refused', () => {
    const plain = { keys: [{ id: 1, key: 'HEX:00112233445566778899' }] };
    const error = catching(InvalidValueError, () => contextOf(plain));
    expect(error.message).toContain('expected a secret, got something else (not shown)');
    expect(JSON.stringify([error.message, error.detail, error.problems])).not.toContain('001122');
  });
});

describe('a key’s value', () => {
  const read = (value: string, type = 'SHA256') =>
    exposeSecret(keyFile([{ id: 1, type, key: secretOf(value) }])).toString();

  it.each([
    [HEX, 'SHA256'],
    ['0123456789', 'SHA256'],
    ['ASCII:0123456789', 'SHA512'],
    [`HEX:${'00'.repeat(16)}`, 'AES128'],
    ['x'.repeat(32), 'AES256'],
  ])('%s for %s is taken', (value, type) => {
    expect(read(value, type)).toContain(`\n1 ${type} ${value}\n`);
  });

  it.each([
    ['empty', '', 'SHA256'],
    ['too short', '123456789', 'SHA256'],
    ['too short as HEX', 'HEX:001122', 'SHA256'],
    ['an odd number of digits', 'HEX:00112233445566778899a', 'SHA256'],
    ['no hexadecimal digits', 'HEX:zz112233445566778899', 'SHA256'],
    ['a second line', '0123456789\n2 MD5 injected-key', 'SHA256'],
    ['a blank', '0123456789 0123', 'SHA256'],
    ['a newline at its end', '0123456789\n', 'SHA256'],
    ['a letter beyond ASCII', '0123456789é', 'SHA256'],
    ['too long', 'x'.repeat(3000), 'SHA256'],
    ['of the wrong length for its cipher', HEX, 'AES128'],
  ])('%s is refused unquoted', (_name, value, type) => {
    const error = catching(SecretError, () => read(value, type));
    expect(error.message).toMatch(/^chrony_keys\[0\]\.key: expected a key of .* \(not shown\)$/);
    if (value !== '') expect(JSON.stringify([error.message, error.remedy, error.detail])).not.toContain(value);
  });
});
