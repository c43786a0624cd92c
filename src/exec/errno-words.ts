/** What an error of this machine's files says, without a path that is only ours. Pure. */
import { getSystemErrorMap } from 'node:util';

/** `no such file or directory`; the error's own words where the system knows none. */
export function errnoWords(error: unknown): string {
  const { errno, message } = error as NodeJS.ErrnoException;
  const known = errno === undefined ? undefined : getSystemErrorMap().get(errno)?.[1];
  return known ?? message ?? String(error);
}
