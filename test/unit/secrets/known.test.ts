/** What a host or program says is shown without the secrets in it. */
import { afterEach, describe, expect, it } from 'vitest';
import type { RunEvent } from '../../../src/engine/events.ts';
import type { Reporter } from '../../../src/report/reporter.ts';
import { createStream } from '../../../src/report/stream.ts';
import { forgetSecrets, maskKnown, rememberSecret } from '../../../src/secrets/known.ts';
import { maskEvent } from '../../../src/secrets/mask-events.ts';
import { secretOf } from '../../../src/secrets/secret.ts';

afterEach(forgetSecrets);
const remember = (text: string): void => rememberSecret(Buffer.from(text));

describe('maskKnown', () => {
  it('leaves everything alone while no secret was read', () => {
    expect(maskKnown('nothing to hide')).toBe('nothing to hide');
  });

  it.each([
    ['as it is', 's3cr3t.*+?^${}()|[]\\/-', 'got s3cr3t.*+?^${}()|[]\\/- here', 'got ******** here'],
    ['as JSON writes it', 'a"b\\c', 'got "a\\"b\\\\c"', 'got "********"'],
    ['line by line', 'first-line\nsecond-line\n', 'bad: second-line', 'bad: ********'],
    ['with control characters made spaces', 'tab\tbed!', 'got tab bed!', 'got ********'],
    ['word by word', 'correct horse-battery staple-of', 'near horse-battery', 'near ********'],
    ['several times', 'wxyz', 'wxyz and wxyz', '******** and ********'],
  ])('masks a secret %s', (_how, secret, said, shown) => {
    remember(secret);
    expect(maskKnown(said)).toBe(shown);
  });

  it('leaves nothing of the longer of two secrets', () => {
    remember('abcd');
    remember('abcdefgh');
    expect(maskKnown('x abcdefgh y')).toBe('x ******** y');
  });

  it('does not look for secrets of less than four bytes', () => {
    remember('no');
    remember('  a  ');
    expect(maskKnown('no host knows a')).toBe('no host knows a');
  });
});

describe('maskEvent', () => {
  it('masks words, and leaves names, ids and states alone even if a secret equals one', () => {
    remember('changed');
    const event = {
      event: 'host-done',
      host: 'ns1',
      status: 'changed',
      changes: [{ resource: 'file:/etc/changed', action: 'update', diff: ['+ changed'], detail: 'was changed' }],
      error: { code: 'E_X', message: 'it changed', detail: ['changed'], remedy: 'see what changed' },
      result: { ok: false, detail: 'said changed' },
    };
    expect(maskEvent(event)).toEqual({
      event: 'host-done',
      host: 'ns1',
      status: 'changed',
      changes: [{ resource: 'file:/etc/changed', action: 'update', diff: ['+ ********'], detail: 'was ********' }],
      error: { code: 'E_X', message: 'it ********', detail: ['********'], remedy: 'see what ********' },
      result: { ok: false, detail: 'said ********' },
    });
  });
});

describe('a whole file', () => {
  it('masks its lines and long words, and leaves common words readable', () => {
    secretOf('# Written by coreos-infra (role chrony).\n7 SHA256 HEX:0123456789abcdef0123\n');
    expect(
      maskKnown('coreos-infra-guard: bad key HEX:0123456789abcdef0123 in line "7 SHA256 HEX:0123456789abcdef0123"'),
    ).toBe('coreos-infra-guard: bad key ******** in line "********"');
  });

  it('that is large is bounded', () => {
    remember(Array.from({ length: 20_000 }, (_, i) => `line-${String(i).padStart(6, '0')}`).join('\n'));
    expect(maskKnown('line-000007 line-019999')).toBe('******** line-019999');
  });
});

describe('the stream of a run', () => {
  it('hands no listener a secret, whichever engine emits the event', () => {
    remember('hunter22-hunter22');
    const heard: RunEvent[] = [];
    const listener: Reporter = { onEvent: (event) => void heard.push(event), close: async () => {} };
    createStream('abc123', [listener]).emit({ event: 'warning', message: 'said hunter22-hunter22', remedy: 'none' });
    expect(heard).toMatchObject([{ event: 'warning', message: 'said ********', run: 'abc123' }]);
  });
});
