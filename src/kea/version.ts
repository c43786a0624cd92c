/** Kea's releases as far as their syntax differs (Kea ARM, release notes of 2.7.2, 2.7.4, 2.7.5). Pure. */

export interface KeaVersion {
  readonly major: number;
  readonly minor: number;
}

/** The oldest that the role writes for: `id` is mandatory and paths are restricted from there on. */
export const OLDEST: KeaVersion = { major: 2, minor: 6 };

/** Of an image `…/kea-dhcp4:2.6.3`, `…:3.0.3-r0`, or a version as text; undefined when it names none. */
export function versionOf(text: string): KeaVersion | undefined {
  const tag = text.includes('@') ? '' : text.slice(text.lastIndexOf(':') + 1);
  const match = /^v?(\d{1,3})\.(\d{1,3})(?:[.-].*)?$/.exec(tag);
  return match === null ? undefined : { major: Number(match[1]), minor: Number(match[2]) };
}

export function isAtLeast({ major, minor }: KeaVersion, other: KeaVersion): boolean {
  return major > other.major || (major === other.major && minor >= other.minor);
}

/** The words of one release for what has had other names. */
export interface Dialect {
  /** `control-sockets` is a list from 2.7.2 on; 2.6 knows only the one. */
  readonly controlSockets: boolean;
  /** Lists of classes: `client-classes`, `evaluate-additional-classes`, `only-in-additional-list` (2.7.4, 2.7.5). */
  readonly classLists: boolean;
}

export function dialectOf(version: KeaVersion): Dialect {
  const isThree = isAtLeast(version, { major: 3, minor: 0 });
  return { controlSockets: isThree, classLists: isThree };
}
