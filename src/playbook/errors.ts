/** What can be wrong with a playbook file. None of it ever reaches a host. */
import { InfraError } from '../errors.ts';

/** The file, or one that it imports, is not valid TypeScript, or names a module that does not exist. */
export class PlaybookCompileError extends InfraError {
  readonly code = 'E_PLAYBOOK_COMPILE';
}

/** The file compiles, and throws while it is imported. */
export class PlaybookImportError extends InfraError {
  readonly code = 'E_PLAYBOOK_IMPORT';
}

/** What the file exports is not a playbook, or not the one that its name promises. */
export class PlaybookShapeError extends InfraError {
  readonly code = 'E_PLAYBOOK_SHAPE';
}

/** The playbook has the name of a command. */
export class ReservedNameError extends InfraError {
  readonly code = 'E_PLAYBOOK_RESERVED_NAME';
}

export function reservedName({ name, path }: { readonly name: string; readonly path: string }): ReservedNameError {
  return new ReservedNameError(`${path}: a playbook cannot be called '${name}', which is the name of a command`, {
    where: { file: path },
    remedy: `Rename the file and the playbook, for example to my-${name}.`,
  });
}
