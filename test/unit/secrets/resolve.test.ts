/** Sources are asked once, without a shell, and what they say on failure holds no secret. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { checkedSecret } from '../../../src/secrets/checked.ts';
import { SecretError } from '../../../src/secrets/errors.ts';
import { forgetSecrets, maskKnown } from '../../../src/secrets/known.ts';
import { resolveSecrets } from '../../../src/secrets/resolve.ts';
import { exposeSecret, type Secret, secretText, sourcedSecret } from '../../../src/secrets/secret.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'secrets-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
  forgetSecrets();
  vi.unstubAllEnvs();
});

const env = (name: string, line = 1): Secret => sourcedSecret({ kind: 'env', name, where: { file: 'v.yaml', line } });
const command = (...argv: string[]): Secret => sourcedSecret({ kind: 'command', argv });
const sops = (file: string, ...path: (string | number)[]): Secret =>
  sourcedSecret({ kind: 'sops', file, ...(path.length === 0 ? {} : { path }) });
const read = async (secret: Secret): Promise<string> => {
  await resolveSecrets([secret]);
  return exposeSecret(secret).toString();
};
const failure = async (...secrets: Secret[]): Promise<SecretError> => {
  const error = await resolveSecrets(secrets).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof SecretError) return error;
  throw new Error(`no SecretError: ${inspect(error)}`);
};

/** A program of this name, in place of the real one. */
function program(name: string, script: string): string {
  const path = join(dir, name);
  writeFileSync(path, `#!/bin/bash\n${script}`);
  chmodSync(path, 0o755);
  vi.stubEnv('PATH', `${dir}:${process.env['PATH']}`);
  return path;
}

describe('an environment variable', () => {
  it('gives its value as it is, and is masked from then on', async () => {
    const secret = env('THE_KEY');
    await resolveSecrets([secret], { env: { THE_KEY: ' blanks stay \n' } });
    expect(exposeSecret(secret).toString()).toBe(' blanks stay \n');
    expect(maskKnown('<blanks stay>')).toBe('<********>');
  });

  it('that is missing or empty is told with its place, and so are all others', async () => {
    vi.stubEnv('EMPTY_KEY', '');
    const error = await failure(env('MISSING_KEY', 3), env('EMPTY_KEY', 4), env('MISSING_KEY', 9));
    expect(error.message).toBe('a secret cannot be read: the environment variable MISSING_KEY is not set (and 1 more)');
    expect(error.where).toEqual({ file: 'v.yaml', line: 3 });
    expect(error.detail).toContain('v.yaml:4: the environment variable EMPTY_KEY is empty');
    expect(error.remedy).toContain('export MISSING_KEY');
  });
});

describe('a command', () => {
  it('is run without a shell: its words are its arguments', async () => {
    expect(await read(command('printf', '%s|', '$HOME', '; echo x', "it's", '*'))).toBe("$HOME|; echo x|it's|*|");
  });

  it.each([
    ['x\\n', 'x'],
    ['x\\r\\n', 'x'],
    ['x\\n\\n', 'x\n'],
    ['a\\nb\\n', 'a\nb'],
  ])('that prints %s gives all but one newline', async (printed, value) => {
    expect(await read(command('printf', printed))).toBe(value);
  });

  it('is run once for all who ask', async () => {
    const counted = program('counted', `echo run >>${dir}/log\necho "value $1"\n`);
    const secrets = [command(counted, 'a'), command(counted, 'a'), secretText`<${command(counted, 'a')}>`];
    await resolveSecrets(secrets);
    expect(secrets.map((secret) => exposeSecret(secret).toString())).toEqual(['value a', 'value a', '<value a>']);
    expect(readFileSync(join(dir, 'log'), 'utf8')).toBe('run\n');
  });

  it('that fails is told with its words, and without what it printed', async () => {
    const failing = program('failing', 'echo top-secret; echo "no such entry" >&2; echo top-secret >&2; exit 3\n');
    const error = await failure(command(failing, '--token', 'argument-secret'));
    expect(error.message).toBe(`a secret cannot be read: the command ${failing} ended with exit code 3`);
    expect(error.detail).toEqual(['no such entry']);
    expect(inspect(error, { depth: null })).not.toMatch(/top-secret|argument-secret/);
  });

  it('that is not there, prints nothing, or prints too much, is refused', async () => {
    expect((await failure(command('/no/such/program'))).message).toContain('cannot be started: ENOENT');
    expect((await failure(command('true'))).message).toContain('printed nothing');
    expect((await failure(command('head', '-c', '2000000', '/dev/zero'))).message).toContain('more than 1 MiB');
  });
});

describe('a file of sops', () => {
  const file = (): string => {
    const path = join(dir, 'x.sops.yaml');
    writeFileSync(path, 'sops: {age: [{recipient: age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p}]}\n');
    return path;
  };

  it('is decrypted once, and its values are found by their paths', async () => {
    program(
      'sops',
      `echo "$*" >>${dir}/log\nprintf '%s' '{"a":{"b":["x","line\\nline"]},"n":1234567890,"t":true,"key.dot":"no"}'\n`,
    );
    const path = file();
    const secrets = [sops(path, 'a', 'b', 1), sops(path, 'n'), sops(path, 't'), sops(path, 'a', 'b', 0)];
    await resolveSecrets(secrets);
    expect(secrets.map((secret) => exposeSecret(secret).toString())).toEqual(['line\nline', '1234567890', 'true', 'x']);
    expect(readFileSync(join(dir, 'log'), 'utf8')).toBe(`--decrypt --output-type json ${path}\n`);
  });

  it('is a secret as a whole when no value is named', async () => {
    program('sops', `printf 'PEM\\n'\n`);
    expect(await read(sops(file()))).toBe('PEM\n');
  });

  it('without the value that is named says which one it lacks', async () => {
    program('sops', `printf '{"a":{"b":"top-secret"},"__proto__x":1}'\n`);
    const path = file();
    expect((await failure(sops(path, 'a', 'c'))).message).toContain(`${path} has no a.c`);
    expect((await failure(sops(path, 'a'))).message).toContain('has a map, a list or nothing at a');
    expect((await failure(sops(path, 'constructor'))).message).toContain('has no constructor');
  });

  it('without the program, the key or the file says what to do', async () => {
    const path = file();
    vi.stubEnv('PATH', dir);
    expect(await failure(sops(path, 'a'))).toMatchObject({
      message: expect.stringContaining('sops cannot be started (ENOENT)'),
      remedy: expect.stringContaining('Install sops'),
    });
    vi.unstubAllEnvs();
    program('sops', 'echo "Failed to get the data key required to decrypt the SOPS file." >&2; exit 128\n');
    expect(await failure(sops(path, 'a'))).toMatchObject({
      message: expect.stringContaining('sops has no key for'),
      remedy: expect.stringMatching(
        /SOPS_AGE_KEY_FILE.*age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p/,
      ),
      detail: ['Failed to get the data key required to decrypt the SOPS file.'],
    });
    program('sops', 'exit 51\n');
    expect((await failure(sops(path, 'a'))).message).toContain('was changed without sops');
    program('sops', 'echo "not json top-secret"\n');
    const error = await failure(sops(path, 'a'));
    expect(inspect(error, { depth: null })).not.toContain('top-secret');
    expect((await failure(sops(join(dir, 'none.yaml'), 'a'))).message).toContain('there is no file');
  });
});

describe('a secret with a rule', () => {
  it('is refused when its value is read, and not quoted', async () => {
    const secret = checkedSecret(env('PIN'), {
      name: 'x_pin',
      expected: 'four digits',
      test: (v) => /^\d{4}$/.test(v),
    });
    await resolveSecrets([secret], { env: { PIN: '1234' } });
    expect(exposeSecret(secret).toString()).toBe('1234');
    const error = await resolveSecrets([secret], { env: { PIN: 'not-a-pin' } }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(SecretError);
    expect((error as SecretError).message).toBe(
      'x_pin: expected four digits, and the secret is something else (not shown)',
    );
    expect(inspect(error, { depth: null })).not.toContain('not-a-pin');
  });
});
