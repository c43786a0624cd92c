import { describe, expect, test } from 'vitest';
import { MASK } from '../../../src/schema/secrets.ts';
import { maskArgs, maskNamed, redactor } from '../../../src/store/redact.ts';

const plain = (text: string): string => text;
const masked = (...argv: readonly string[]): readonly string[] => maskArgs(argv, redactor(plain));

describe('the words of a command line', () => {
  test('keep vars, and lose the values of those whose names say secret', () => {
    expect(masked('deploy-dns', '-e', 'cache=30 rndc_key=abc', '--extra-vars', "db_password='a b' x=1")).toEqual([
      'deploy-dns',
      '-e',
      `cache=30 rndc_key=${MASK}`,
      '--extra-vars',
      `db_password=${MASK} x=1`,
    ]);
    expect(masked('x', '-eapi_key=abc', '--extra-vars=api_key=abc')).toEqual([
      'x',
      `-eapi_key=${MASK}`,
      `--extra-vars=api_key=${MASK}`,
    ]);
  });

  test('lose secrets inside JSON, and JSON that cannot be read as a whole', () => {
    expect(masked('x', '-e', '{"a":1,"b":{"token":"abc"}}')[2]).toBe(`{"a":1,"b":{"token":"${MASK}"}}`);
    expect(masked('x', '-e', '{"token":"abc"')[2]).toBe(MASK);
    expect(masked('x', '-e', '@secrets.yaml')[2]).toBe('@secrets.yaml');
  });

  test('of a command on hosts lose passwords in every usual form', () => {
    expect(masked('exec', '--', 'app', '--password', 'hunter2', '--token=hunter2', 'API_KEY=hunter2')).toEqual([
      'exec',
      '--',
      'app',
      '--password',
      MASK,
      `--token=${MASK}`,
      `API_KEY=${MASK}`,
    ]);
    const line = masked(
      'exec',
      '--',
      `curl -H 'Authorization: Bearer abcdef123' https://me:hunter2@host/x?access_token=hunter2`,
    )[2];
    expect(line).not.toMatch(/hunter2|abcdef123/);
    expect(line).toContain('@host/x');
  });

  test('that are no secrets stay as they are', () => {
    for (const text of [
      'uname -r',
      'systemctl is-active chronyd',
      'password authentication is off',
      '--key-file /etc/x',
      'passthrough=1',
    ])
      expect(maskNamed(text)).toBe(text);
  });
});

test('lines of a diff lose what stands behind the name of a secret', () => {
  expect(maskNamed('+ secret "c2VjcmV0";')).toBe('+ secret "c2VjcmV0";'); // no assignment: roles mark such files as secret
  expect(maskNamed('+ tsig-secret = c2VjcmV0')).toBe(`+ tsig-secret = ${MASK}`);
  expect(maskNamed('  7      - webhook: https://hooks.example/services/T0/B0/abc')).toBe(`  7      - webhook: ${MASK}`);
  expect(maskNamed('told webhook hooks.example')).toBe('told webhook hooks.example');
  expect(maskNamed('- "password": "abc",')).toBe(`- "password": "${MASK}",`);
});
