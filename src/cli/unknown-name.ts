/** The error for a word that is neither a command nor a playbook: the nearest one, and all there are. */
import { closest, distance } from 'fastest-levenshtein';
import type { InfraError } from '../errors.ts';
import { reservedName } from '../playbook/errors.ts';
import type { PlaybookFile } from '../playbook/find.ts';
import { isReservedName } from '../playbook/reserved.ts';
import { UsageError } from './errors.ts';

export interface KnownNames {
  readonly commands: readonly string[];
  readonly playbooks: readonly PlaybookFile[];
  readonly projectDir: string;
}

export function unknownName(name: string, { commands, playbooks, projectDir }: KnownNames): InfraError {
  const names = playbooks.map((playbook) => playbook.name);
  const list =
    names.length === 0
      ? `There are no playbooks in ${projectDir}/playbooks. To begin with some: run init`
      : `Playbooks in ${projectDir}/playbooks: ${names.join(', ')}. Commands: run --help`;
  const file = playbooks.find((playbook) => playbook.name === name);
  if (file !== undefined) return reservedName(file);
  if (isReservedName(name)) {
    return new UsageError(`'${name}' is a reserved name and not a command of this version`, { remedy: list });
  }
  const near = nearest(name, [...names, ...commands]);
  const hint = near === undefined ? '' : `; did you mean '${near}'?`;
  return new UsageError(`there is no playbook or command '${name}'${hint}`, { remedy: list });
}

/** The most similar candidate, when it is similar at all: at most a third of the letters differ. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  if (candidates.length === 0) return undefined;
  const best = closest(word, [...candidates]);
  return distance(word, best) <= Math.max(1, Math.floor(Math.max(word.length, best.length) / 3)) ? best : undefined;
}
