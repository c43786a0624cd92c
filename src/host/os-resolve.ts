/** Asks a host what a release is on its own remote, where no update graph says it. Streamed; nothing is installed or written. */
import { HostAnswerError } from './errors.ts';
import { printable, stripControls } from './fields.ts';
import { bashWord, streamedCommand } from './request.ts';
import { joinScripts } from './scripts.ts';
import type { HostCall } from './verbs.ts';

/** A remote that is far away, twice over. s */
const RESOLVE_SECONDS_MAX = 200;

/** What is asked for: the tip of the branch or tag, or one release. */
export type ResolveWanted =
  | { readonly kind: 'latest' }
  | { readonly kind: 'version'; readonly version: string }
  | { readonly kind: 'digest'; readonly digest: string };

export interface ResolveRequest {
  /** `fedora:fedora/x86_64/coreos/stable`; '' for an OCI origin. */
  readonly refspec: string;
  /** `ostree-image-signed:docker://quay.io/fedora/fedora-coreos:stable`; '' for an ostree origin. */
  readonly image: string;
  readonly wanted: ResolveWanted;
}

/** What the remote says, or why it cannot be learnt. */
export type Resolved =
  | {
      readonly ok: true;
      readonly version: string;
      readonly checksum?: string;
      readonly digest?: string;
      /** s since 1970 */
      readonly timestamp?: number;
    }
  | { readonly ok: false; readonly message: string; readonly detail: readonly string[] };

export function osResolveCall({ refspec, image, wanted }: ResolveRequest): HostCall {
  const name = wanted.kind === 'version' ? wanted.version : wanted.kind === 'digest' ? wanted.digest : '';
  const words = { OS_REFSPEC: refspec, OS_IMAGE: image, OS_WANTED: wanted.kind, OS_NAME: name };
  const script = [
    joinScripts(['base', 'answer', 'os-resolve']),
    ...Object.entries(words).map(([key, value]) => `${key}=${bashWord(value)}`),
    'os_resolve',
    '',
  ];
  return { command: streamedCommand(RESOLVE_SECONDS_MAX), stdin: Buffer.from(script.join('\n')) };
}

/** @throws HostAnswerError for anything that os_resolve does not say. */
export function parseResolved(stdout: Buffer): Resolved {
  const line = stdout.toString('utf8').trim().split('\n').at(-1) ?? '';
  const answer = parse(line);
  const text = (key: string): string => (typeof answer[key] === 'string' ? stripControls(answer[key]) : '');
  if (text('error') !== '') {
    const detail = Array.isArray(answer['detail']) ? answer['detail'] : [];
    return {
      ok: false,
      message: text('message'),
      detail: detail.filter((one) => typeof one === 'string').map(stripControls),
    };
  }
  const checksum = /^[0-9a-f]{64}$/.exec(text('checksum'))?.[0];
  const digest = /^sha256:[0-9a-f]{64}$/.exec(text('digest'))?.[0];
  if (text('step') !== 'resolved' || (checksum === undefined && digest === undefined)) throw notAnAnswer(line);
  const timestamp = /^[0-9]{1,12}$/.exec(text('timestamp'))?.[0];
  return {
    ok: true,
    version: text('version'),
    ...(checksum === undefined ? {} : { checksum }),
    ...(digest === undefined ? {} : { digest }),
    ...(timestamp === undefined ? {} : { timestamp: Number(timestamp) }),
  };
}

function parse(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
  }
  throw notAnAnswer(line);
}

function notAnAnswer(line: string): HostAnswerError {
  return new HostAnswerError('the host did not say which release its remote has', {
    detail: [printable(line)],
    remedy: 'Try on the host: rpm-ostree upgrade --preview --bypass-driver; or name a release: --to sha256:DIGEST.',
  });
}
