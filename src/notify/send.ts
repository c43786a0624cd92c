/** Tells one receiver: a webhook, a topic of ntfy, or mailboxes through sendmail. Failures are words without addresses that hold a token. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { exposeSecret, Secret } from '../secrets/secret.ts';
import type { RunRecord } from '../store/record.ts';
import { bodyText, headline, noticeOf } from './message.ts';
import type { Notification } from './notify.schema.ts';

export interface SendOptions {
  /** For one try, ms. */
  readonly timeoutMs: number;
  /** Between the two tries, ms. */
  readonly pauseMs: number;
  readonly signal?: AbortSignal;
}

export const SEND_OPTIONS: SendOptions = { timeoutMs: 5_000, pauseMs: 1_000 };

/** What a receiver is called in messages: `webhook chat.example.com`, never with its path. Its secrets must be resolved. */
export function receiverName({ webhook, ntfy, mail = [] }: Notification): string {
  if (webhook !== undefined) return `webhook ${hostOf(plain(webhook))}`;
  if (ntfy !== undefined) return `ntfy ${hostOf(plain(ntfy))}`;
  return `mail ${mail.join(', ')}`;
}

/** Returns why it could not be told; undefined when it was. Tries twice where another try may help. */
export async function send(to: Notification, record: RunRecord, options: SendOptions): Promise<string | undefined> {
  if (to.mail !== undefined) return sendMail(to, to.mail, record, options);
  const { url, body } =
    to.webhook === undefined ? ntfyRequest(plain(to.ntfy ?? ''), record) : webhookRequest(plain(to.webhook), record);
  const token = to.token === undefined ? undefined : plain(to.token);
  const first = await post(url, body, token, options);
  if (first === undefined || first.isFinal || options.signal?.aborted === true) return first?.why;
  await new Promise((resolve) => setTimeout(resolve, options.pauseMs));
  return (await post(url, body, token, options))?.why;
}

function plain(value: Secret | string): string {
  return value instanceof Secret ? exposeSecret(value).toString('utf8').trim() : value;
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : '(not an address)';
}

interface Request {
  readonly url: string;
  readonly body: object;
}

function webhookRequest(url: string, record: RunRecord): Request {
  return { url, body: noticeOf(record) };
}

/** As JSON to the server's root: headers, ntfy's other way, hold no UTF-8. */
function ntfyRequest(topicUrl: string, record: RunRecord): Request {
  const isBad = record.exit !== 0;
  const at = topicUrl.replace(/\/+$/, '');
  const cut = at.lastIndexOf('/');
  return {
    url: at.slice(0, cut) || at,
    body: {
      topic: decodeURIComponent(at.slice(cut + 1)),
      title: headline(record),
      message: bodyText(record),
      priority: isBad ? 4 : 3,
      tags: [isBad ? 'rotating_light' : 'white_check_mark'],
    },
  };
}

interface Failure {
  readonly why: string;
  /** The receiver has understood and refuses: it will again. */
  readonly isFinal: boolean;
}

async function post(
  url: string,
  body: object,
  token: string | undefined,
  options: SendOptions,
): Promise<Failure | undefined> {
  const timeout = AbortSignal.timeout(options.timeoutMs);
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'user-agent': 'coreos-infra',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(body),
      redirect: 'manual', // the token is for this receiver only
      signal: options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal]),
    });
    await response.body?.cancel();
    if (response.ok) return undefined;
    return { why: `it answered HTTP ${response.status}`, isFinal: response.status < 500 && response.status !== 429 };
  } catch (error) {
    if (timeout.aborted) return { why: `no answer within ${options.timeoutMs / 1000} s`, isFinal: false };
    return { why: codeOf(error), isFinal: false };
  }
}

/** fetch() puts the system's word into the cause; its own message may quote the address. */
function codeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const words: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'connection refused',
    ENOTFOUND: 'its name is not found',
    EAI_AGAIN: 'its name cannot be looked up now',
    ECONNRESET: 'connection reset',
    ENOENT: 'there is no such program',
    EACCES: 'it may not be started',
  };
  return words[code] ?? (code === '' ? 'it cannot be reached' : `it cannot be reached (${code})`);
}

function sendMail(
  { from, sendmail = '/usr/sbin/sendmail' }: Notification,
  to: readonly string[],
  record: RunRecord,
  { timeoutMs, signal }: SendOptions,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(sendmail, ['-i', '-t'], { stdio: ['pipe', 'ignore', 'pipe'] });
    let words = '';
    const end = (why: string | undefined): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
      resolve(why);
    };
    const stop = (): void => {
      child.kill('SIGKILL');
      end(`${sendmail} did not end within ${timeoutMs / 1000} s`);
    };
    const timer = setTimeout(stop, timeoutMs);
    signal?.addEventListener('abort', stop);
    child.stderr.on('data', (chunk: Buffer) => {
      if (words.length < 500) words += chunk.toString('utf8');
    });
    child.on('error', (error) => end(`${sendmail}: ${codeOf(error)}`));
    child.stdin.on('error', () => {}); // it did not want to read: its exit code says why
    child.on('close', (code, killedBy) => {
      const said = words.trim().split('\n')[0] ?? '';
      end(code === 0 ? undefined : `${sendmail} ended with ${code ?? killedBy}${said === '' ? '' : `: ${said}`}`);
    });
    child.stdin.end(mailText(to, from, record));
  });
}

/** RFC 5322, the body in base64: whatever stands in it, no line is too long or ends the message. */
export function mailText(to: readonly string[], from: string | undefined, record: RunRecord): string {
  const subject = `[coreos-infra] ${headline(record)}`;
  const headers = [
    ...(from === undefined ? [] : [`From: ${from}`]),
    `To: ${to.join(',\r\n ')}`,
    `Subject: ${encodedWords(subject)}`,
    `Date: ${new Date().toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${randomUUID()}@${hostname().replace(/[^A-Za-z0-9.-]/g, '-') || 'localhost'}>`,
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: base64',
    'Auto-Submitted: auto-generated',
  ];
  const body = Buffer.from(`${headline(record)}\n\n${bodyText(record)}\n`)
    .toString('base64')
    .replace(/.{76}/g, '$&\r\n');
  return `${headers.join('\r\n')}\r\n\r\n${body}\r\n`;
}

/** RFC 2047: words of at most 75 characters, never cut within a character. */
function encodedWords(text: string): string {
  if (/^[\x20-\x7e]{0,60}$/.test(text)) return text;
  const words: string[] = [];
  let part = '';
  for (const character of text) {
    if (Buffer.byteLength(part + character) > 42) {
      words.push(part);
      part = '';
    }
    part += character;
  }
  return [...words, part].map((word) => `=?utf-8?B?${Buffer.from(word).toString('base64')}?=`).join('\r\n ');
}
