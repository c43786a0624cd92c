/** What a release of the operating system is called, by the graph, by a remote, and by a host that runs it. Pure. */

/** How a host follows its updates: an ostree ref, or a container image. */
export type OriginKind = 'ostree' | 'oci';

export interface Release {
  /** `44.20261115.3.0`; '' when nobody has said it yet (a digest that was asked for). */
  readonly version: string;
  /** Of the ostree commit, 64 hex digits: what an ostree origin deploys. */
  readonly checksum?: string;
  /** Of the image's manifest, `sha256:` and 64 hex digits: what an OCI origin deploys. */
  readonly digest?: string;
  /** When the commit was made, s since 1970: older or newer is decided by it, as rpm-ostree does. */
  readonly timestampSec?: number;
}

/** What `--to` says. */
export type Wanted =
  | { readonly kind: 'latest' }
  | { readonly kind: 'version'; readonly version: string }
  | { readonly kind: 'digest'; readonly digest: string };

const HEX = /^[0-9a-f]{64}$/;
/** rpm-ostree takes any word as a version; one that begins with a dash would be an option. */
const VERSION = /^[0-9A-Za-z][0-9A-Za-z._+~-]{0,127}$/;

/** undefined: not a target. A bare checksum means the same as with `sha256:` before it. */
export function parseWanted(text: string): Wanted | undefined {
  if (text === 'latest') return { kind: 'latest' };
  const hex = text.startsWith('sha256:') ? text.slice('sha256:'.length) : text;
  if (HEX.test(hex)) return { kind: 'digest', digest: `sha256:${hex}` };
  if (text.includes(':') || !VERSION.test(text)) return undefined;
  return { kind: 'version', version: text };
}

/** What a host of this origin is told to deploy; undefined: the release is not known in that form. */
export function idFor(release: Release, origin: OriginKind): string | undefined {
  return origin === 'oci' ? release.digest : release.checksum;
}

/** Is it one release? By what identifies the content; by version only where the two have nothing else in common. */
export function sameRelease(one: Release, two: Release): boolean {
  if (one.digest !== undefined && two.digest !== undefined) return one.digest === two.digest;
  if (one.checksum !== undefined && two.checksum !== undefined) return one.checksum === two.checksum;
  return one.version !== '' && one.version === two.version;
}

/** For people: the version, else the beginning of what identifies it. */
export function releaseName({ version, digest, checksum }: Release): string {
  if (version !== '') return version;
  return digest?.slice(0, 19) ?? checksum?.slice(0, 12) ?? 'an unknown release';
}

/** `stable` for `44.20260802.3.1`: Fedora CoreOS writes the stream into the third number. */
export function streamOf(version: string): string | undefined {
  return { '1': 'next', '2': 'testing', '3': 'stable' }[version.split('.')[2] ?? ''];
}
