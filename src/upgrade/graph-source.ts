/** Reads the update graph from a URL or a file. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { UpdateGraphError } from './errors.ts';
import { parseGraph, type UpdateGraph } from './graph.ts';
import type { OriginKind } from './release.ts';

export interface GraphRequest {
  /** `https://updates.coreos.fedoraproject.org`, a whole URL with its path, `file:…`, or a path. */
  readonly source: string;
  /** Relative paths are looked up from here. */
  readonly dir: string;
  readonly origin: OriginKind;
  /** `x86_64` */
  readonly basearch: string;
  readonly stream: string;
  readonly wariness: number;
  readonly signal?: AbortSignal;
}

const TIMEOUT_MS = 20_000;
const BYTES_MAX = 32 * 1024 * 1024;

/** Throws UpdateGraphError. */
export async function readGraph(request: GraphRequest): Promise<UpdateGraph> {
  const url = graphUrl(request);
  if (url === undefined) {
    const path = request.source.startsWith('file:') ? new URL(request.source) : resolve(request.dir, request.source);
    try {
      return parseGraph(await readFile(path, 'utf8'), request.source);
    } catch (cause) {
      if (cause instanceof UpdateGraphError) throw cause;
      throw new UpdateGraphError(`the update graph ${request.source} cannot be read: ${words(cause)}`, {
        cause,
        remedy: 'Correct upgrade_graph or --graph; --graph none asks the hosts’ own remotes.',
      });
    }
  }
  return parseGraph(await fetchText(url, request.signal), url);
}

/** Parameters that the URL already has are left as they are; undefined: it is a file. */
export function graphUrl({ source, origin, basearch, stream, wariness }: GraphRequest): string | undefined {
  if (!/^https?:\/\//.test(source)) return undefined;
  const url = new URL(source);
  if (url.pathname === '/' || url.pathname === '') url.pathname = '/v1/graph';
  const wanted = {
    basearch,
    stream,
    rollout_wariness: String(wariness),
    ...(origin === 'oci' ? { oci: 'true' } : {}),
  };
  for (const [key, value] of Object.entries(wanted)) if (!url.searchParams.has(key)) url.searchParams.set(key, value);
  return url.href;
}

async function fetchText(url: string, signal?: AbortSignal): Promise<string> {
  const deadline = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const answer = await fetch(url, {
      headers: { accept: 'application/json' },
      signal: signal === undefined ? deadline : AbortSignal.any([deadline, signal]),
    });
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    const text = await answer.text();
    if (text.length > BYTES_MAX) throw new Error('larger than 32 MiB');
    return text;
  } catch (cause) {
    throw new UpdateGraphError(`the update graph cannot be had from ${url}: ${words(cause)}`, {
      cause,
      remedy: 'See whether this machine reaches that server; or give a file, or --graph none.',
    });
  }
}

function words(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
