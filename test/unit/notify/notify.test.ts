import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { InfraError } from '../../../src/errors.ts';
import { loadInventory } from '../../../src/inventory/load.ts';
import { isTold, noticeOf } from '../../../src/notify/message.ts';
import { notificationsOf } from '../../../src/notify/notify.schema.ts';
import { notifyAll } from '../../../src/notify/notify.ts';
import { mailText } from '../../../src/notify/send.ts';
import { sourcedSecret } from '../../../src/secrets/secret.ts';
import { EVIL, hostileRun, runRecord } from '../store/records.ts';

const OPTIONS = { timeoutMs: 2_000, pauseMs: 10 };
const failed = runRecord({ outcome: 'failed', exit: 2 });

interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
}

let server: Server;
let received: Received[] = [];
/** Status codes of the answers, in turn; then 200. */
let answers: number[] = [];
let url = '';
let dir = '';

beforeEach(async () => {
  received = [];
  answers = [];
  dir = mkdtempSync(join(tmpdir(), 'coreos-infra-notify-'));
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({
        path: request.url ?? '',
        headers: request.headers,
        body: JSON.parse(Buffer.concat(chunks).toString()),
      });
      const status = answers.shift() ?? 200;
      if (status !== 0) response.writeHead(status, { location: '/elsewhere' }).end('thank you');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(dir, { recursive: true, force: true });
});

describe('a webhook', () => {
  test('gets the run as JSON, with the token that only it may see', async () => {
    process.env['TEST_NOTIFY_TOKEN'] = 'token-1234';
    const token = sourcedSecret({ kind: 'env', name: 'TEST_NOTIFY_TOKEN' });
    const told = await notifyAll([{ on: 'change', webhook: `${url}/hooks/abc`, token }], runRecord(), OPTIONS);
    expect(told).toEqual([{ receiver: `webhook ${new URL(url).host}` }]);
    expect(received).toHaveLength(1);
    expect(received[0]).toMatchObject({
      path: '/hooks/abc',
      headers: { authorization: 'Bearer token-1234', 'content-type': 'application/json; charset=utf-8' },
      body: {
        event: 'run-ended',
        run: '7f3a21',
        outcome: 'changed',
        exit: 0,
        hosts: { ns1: { status: 'changed', changes: 1, error: null } },
      },
    });
  });

  test('is tried again when it cannot answer now, and not when it refuses', async () => {
    answers = [503];
    expect((await notifyAll([{ webhook: url }], failed, OPTIONS))[0]?.failure).toBeUndefined();
    expect(received).toHaveLength(2);
    answers = [404];
    expect((await notifyAll([{ webhook: url }], failed, OPTIONS))[0]?.failure).toBe('it answered HTTP 404');
    expect(received).toHaveLength(3);
  });

  test('that redirects is not followed: the token is for this address', async () => {
    answers = [302];
    expect((await notifyAll([{ webhook: url }], failed, OPTIONS))[0]?.failure).toBe('it answered HTTP 302');
    expect(received.map(({ path }) => path)).toEqual(['/']);
  });

  test('that is not there, or says nothing, is a failure in words without its path', async () => {
    answers = [0, 0];
    const gone = createServer();
    await new Promise<void>((resolve) => gone.listen(0, '127.0.0.1', resolve));
    const { port } = gone.address() as AddressInfo;
    await new Promise((resolve) => gone.close(resolve));
    const told = [
      ...(await notifyAll([{ webhook: `http://127.0.0.1:${port}/hooks/s3cret` }], failed, OPTIONS)),
      ...(await notifyAll([{ webhook: `${url}/hooks/s3cret` }], failed, { timeoutMs: 150, pauseMs: 1 })),
    ];
    expect(told.map(({ failure }) => failure)).toEqual(['connection refused', 'no answer within 0.15 s']);
    expect(JSON.stringify(told)).not.toContain('s3cret');
  });

  test('whose secret is missing is a failure, and the others are told', async () => {
    const missing = sourcedSecret({ kind: 'env', name: 'TEST_NOTIFY_NOT_SET' });
    const told = await notifyAll([{ webhook: missing }, { webhook: url }], failed, OPTIONS);
    expect(told[0]?.failure).toContain('TEST_NOTIFY_NOT_SET');
    expect(told[1]).toEqual({ receiver: `webhook ${new URL(url).host}` });
  });
});

test('ntfy gets a title, a priority and what failed, at its root', async () => {
  await notifyAll([{ ntfy: `${url}/sub/dns-team` }], hostileRun('no answer'), OPTIONS);
  expect(received[0]).toMatchObject({
    path: '/sub',
    body: {
      topic: 'dns-team',
      priority: 4,
      tags: ['rotating_light'],
      title: expect.stringContaining('deploy-dns reverted: ns1 reverted'),
    },
  });
  expect(JSON.stringify(received[0]?.body)).toContain('All of it: run history show 7f3a21');
});

describe('mail', () => {
  function sendmailThat(script: string): string {
    const path = join(dir, 'sendmail');
    writeFileSync(path, `#!/bin/sh\n${script}\n`);
    chmodSync(path, 0o755);
    return path;
  }

  test('goes to sendmail whole', async () => {
    const sendmail = sendmailThat(`echo "$@" > ${dir}/args; cat > ${dir}/message`);
    const [told] = await notifyAll([{ mail: ['ops@example.com'], from: 'dns@example.com', sendmail }], failed, OPTIONS);
    expect(told).toEqual({ receiver: 'mail ops@example.com' });
    expect(readFileSync(join(dir, 'args'), 'utf8')).toBe('-i -t\n');
    const message = readFileSync(join(dir, 'message'), 'utf8');
    expect(message).toMatch(/^From: dns@example\.com\r\nTo: ops@example\.com\r\nSubject: /);
    const body = Buffer.from(message.split('\r\n\r\n')[1] ?? '', 'base64').toString();
    expect(body).toContain('ns1: changed, 1 change');
  });

  test('that cannot be sent is a failure with the words of sendmail', async () => {
    const bad = sendmailThat('echo "no such user" >&2; exit 67');
    const slow = `${dir}/none`;
    const told = await notifyAll(
      [
        { mail: ['x'], sendmail: bad },
        { mail: ['x'], sendmail: slow },
      ],
      failed,
      OPTIONS,
    );
    expect(told[0]?.failure).toMatch(/sendmail ended with 67: no such user$/);
    expect(told[1]?.failure).toMatch(/none: there is no such program$/);
  });

  test('has no header that a host has written', () => {
    const text = mailText(['ops@example.com'], undefined, hostileRun(`x\r\nBcc: all@example.com\n${EVIL}`));
    const [headers = '', body = ''] = text.split('\r\n\r\n');
    for (const line of headers.split('\r\n')) expect(line).toMatch(/^(?:[A-Z][\w-]*: | )[\x20-\x7e]*$/);
    expect(headers).not.toMatch(/^Bcc/m);
    expect(Math.max(...text.split('\r\n').map(({ length }) => length))).toBeLessThan(200);
    expect(body).toMatch(/^[A-Za-z0-9+/=\r\n]+$/);
  });
});

describe('who is told', () => {
  test('by what happened', () => {
    const ok = runRecord({ outcome: 'ok' });
    const changed = runRecord();
    const of = (on: 'failure' | 'change' | 'always') => [ok, changed, failed].map((run) => isTold({ on }, run));
    expect(of('failure')).toEqual([false, false, true]);
    expect(of('change')).toEqual([false, true, true]);
    expect(of('always')).toEqual([true, true, true]);
  });

  test('not of what was only looked at, and of rehearsals only who wants it', () => {
    expect(isTold({ on: 'always' }, runRecord({ check: true }))).toBe(false);
    expect(isTold({ on: 'always' }, runRecord({ lab: 'main' }))).toBe(false);
    expect(isTold({ on: 'always', lab: true }, runRecord({ lab: 'main' }))).toBe(true);
  });

  test('with words of one line', () => {
    expect(noticeOf(hostileRun('a\nb\u001b[2J')).text).not.toMatch(/[\n\u001b]/);
  });
});

describe('the var notify', () => {
  function inventoryWith(notify: string): ReturnType<typeof loadInventory> {
    writeFileSync(
      join(dir, 'hosts.yaml'),
      `all:\n  hosts: { ns1: { address: 192.0.2.11/24 } }\n  vars:\n    notify:\n${notify}`,
    );
    return loadInventory(dir);
  }

  function wrong(notify: string): InfraError {
    try {
      notificationsOf(inventoryWith(notify));
    } catch (error) {
      if (error instanceof InfraError) return error;
    }
    throw new Error('it was taken');
  }

  test('is read with its defaults and secrets', () => {
    const [one] = notificationsOf(inventoryWith('      - webhook: !env HOOK\n'));
    expect(one).toMatchObject({ on: 'failure', lab: false });
    expect(String(one?.webhook)).not.toContain('HOOK');
    expect(notificationsOf(inventoryWith('      []\n'))).toEqual([]);
  });

  test.each([
    ['      - webhook: ftp://x/s3cret\n', /notify\[0\]\.webhook/],
    ['      - on: sometimes\n        webhook: https://x\n', /notify\[0\]\.on/],
    ['      - mail: ["a@b.c\\nBcc: x@y.z"]\n', /notify\[0\]\.mail\[0\]/],
    ['      - on: always\n', /names nobody to tell/],
    ['      - webhook: https://x\n        ntfy: https://y/z\n', /webhook and ntfy/],
    ['      - webhok: https://x\n', /webhok/],
  ])('that is wrong is told with its line: %j', (text, message) => {
    const read = (): unknown => notificationsOf(inventoryWith(text));
    expect(read).toThrow(message);
    expect(read).toThrow(
      expect.objectContaining({ where: expect.objectContaining({ file: join(dir, 'hosts.yaml') }) }),
    );
  });

  test('that is wrong never quotes the address of a webhook, which is its own key', () => {
    for (const text of [
      '      - webhook: ftp://x/s3cret\n',
      '      - webhook: https://x/s3cret\n        ntfy: https://y\n',
    ]) {
      const error = wrong(text);
      expect(JSON.stringify([error.message, error.detail, error.remedy, error.where])).not.toContain('s3cret');
      // Nor does whoever prints the error, which shows the line that it names.
      expect(error.where?.line).toBeUndefined();
    }
  });
});
