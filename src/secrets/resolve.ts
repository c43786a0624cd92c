/** Asks the sources of secrets: each once, side by side, before any host is touched. */
import { formatLocation } from '../errors.ts';
import { SecretError } from './errors.ts';
import { type ProgramResult, runProgram } from './run-program.ts';
import { exposeSecret, fillSecret, type Secret, sourcesOf } from './secret.ts';
import { decryptFile, type SopsFile, valueAt } from './sops.ts';
import type { SecretSource } from './source.ts';

/** A passphrase may have to be typed, or a key service asked. */
const COMMAND_TIMEOUT_MS = 60_000;
const VALUE_BYTES_MAX = 1024 * 1024;

export interface ResolveOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
}

interface Wanted {
  readonly secret: Secret;
  readonly source: SecretSource;
}

/**
 * After this `exposeSecret` gives the values. Secrets of one variable, command or file share one question.
 * Throws SecretError, with all sources that failed, none of their values, and what to do.
 */
export async function resolveSecrets(secrets: Iterable<Secret>, options: ResolveOptions = {}): Promise<void> {
  const all = [...secrets];
  const wanted = [...new Map(all.flatMap(sourcesOf).map((one) => [one.secret, one])).values()];
  if (wanted.length === 0) return;
  const asked = new Map<string, Promise<unknown>>();
  const once = <T>(key: readonly unknown[], ask: () => Promise<T>): Promise<T> => {
    const name = JSON.stringify(key);
    const promise = (asked.get(name) as Promise<T> | undefined) ?? ask();
    asked.set(name, promise);
    return promise;
  };
  const outcomes = await Promise.allSettled(
    wanted.map(async ({ secret, source }) => fillSecret(secret, await askSource(source, once, options))),
  );
  const failures = outcomes.flatMap((outcome, i) =>
    outcome.status === 'rejected' ? [{ reason: outcome.reason as unknown, source: (wanted[i] as Wanted).source }] : [],
  );
  if (failures.length > 0) throw combined(failures);
  // What a role demands of a value is told now, and not in the middle of a run.
  for (const secret of all) exposeSecret(secret);
}

type Once = <T>(key: readonly unknown[], ask: () => Promise<T>) => Promise<T>;

async function askSource(source: SecretSource, once: Once, { env }: ResolveOptions): Promise<Buffer> {
  switch (source.kind) {
    case 'env':
      return fromEnvironment(source, env);
    case 'command':
      return once(['command', source.argv], () => fromCommand(source));
    case 'sops': {
      const { path, file } = source;
      if (path === undefined)
        return once(['sops', file, 'whole'], async () => (await decryptFile(file, 'whole')).content);
      const decrypted: SopsFile = await once(['sops', file], () => decryptFile(file, 'json'));
      return valueAt(decrypted, path);
    }
  }
}

function fromEnvironment(
  { name }: Extract<SecretSource, { readonly kind: 'env' }>,
  // biome-ignore lint/style/noProcessEnv: `!env` is a user's own choice of variable
  env: Readonly<Record<string, string | undefined>> = process.env,
): Buffer {
  const value = env[name];
  if (value === undefined || value === '')
    throw new SecretError(`the environment variable ${name} is ${value === '' ? 'empty' : 'not set'}`, {
      remedy: `Set it for this command: export ${name}, or let your CI give it as a secret.`,
    });
  return Buffer.from(value);
}

async function fromCommand({ argv }: Extract<SecretSource, { readonly kind: 'command' }>): Promise<Buffer> {
  const [program = ''] = argv;
  let result: ProgramResult;
  try {
    result = await runProgram(argv, { timeoutMs: COMMAND_TIMEOUT_MS, bytesMax: VALUE_BYTES_MAX });
  } catch (cause) {
    throw new SecretError(`the command ${program} cannot be started: ${codeOf(cause)}`, {
      cause,
      remedy: 'Install it on this machine, or give its path. It is run without a shell.',
    });
  }
  const { code, broken, stdout, words } = result;
  if (broken !== undefined)
    throw new SecretError(
      `the command ${program} ${broken === 'slow' ? `gave nothing within ${COMMAND_TIMEOUT_MS / 1000} s` : 'printed more than 1 MiB'}`,
      { remedy: 'It must print the secret, and nothing else, on its standard output.', detail: words },
    );
  if (code !== 0)
    throw new SecretError(
      `the command ${program} ended with ${code === undefined ? 'a signal' : `exit code ${code}`}`,
      {
        remedy: 'Try it by hand in this folder; what it said is shown above, what it printed is not.',
        detail: words.filter((line) => !stdout.includes(line)),
      },
    );
  // As $(…) does, but for one newline only.
  const value = stdout.subarray(0, stdout.length - (/\r?\n$/.exec(stdout.toString('latin1'))?.[0].length ?? 0));
  if (value.length === 0)
    throw new SecretError(`the command ${program} printed nothing`, {
      remedy: 'It must print the secret on its standard output.',
    });
  return value;
}

function codeOf(cause: unknown): string {
  return (cause as NodeJS.ErrnoException).code ?? String(cause);
}

interface Failure {
  readonly reason: unknown;
  readonly source: SecretSource;
}

/** One error for all: whoever sets a variable wants to know of the next missing one at once. */
function combined(failures: readonly Failure[]): Error {
  const bug = failures.find(({ reason }) => !(reason instanceof SecretError));
  if (bug !== undefined) return bug.reason as Error;
  const told = new Map<string, { error: SecretError; source: SecretSource }>();
  for (const { reason, source } of failures) {
    const error = reason as SecretError;
    if (!told.has(error.message)) told.set(error.message, { error, source });
  }
  const [first, ...others] = [...told.values()] as [{ error: SecretError; source: SecretSource }];
  const rest = (others as (typeof first)[]).flatMap(({ error, source }) => [
    `${placeOf(source)}${error.message}`,
    `  ${error.remedy}`,
  ]);
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  return new SecretError(`a secret cannot be read: ${first.error.message}${more}`, {
    cause: first.error,
    remedy: first.error.remedy,
    detail: [...first.error.detail, ...rest],
    ...(first.source.where === undefined ? {} : { where: first.source.where }),
  });
}

function placeOf({ where }: SecretSource): string {
  return where === undefined ? '' : `${formatLocation(where)}: `;
}
