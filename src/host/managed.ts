/** Managed entries as the host keeps them: NUL-ended fields, eight for each entry. */
import type { ManagedEntry } from '../engine/observation.ts';
import type { FieldReader } from './fields.ts';

/** Fields of one managed entry, as `encodeManaged` writes them. */
const MANAGED_FIELDS = 8;

/** A count of fields, then the entries. */
export function readManaged(reader: FieldReader): readonly ManagedEntry[] {
  const fields = reader.count();
  if (fields % MANAGED_FIELDS !== 0) throw reader.misread('the list of managed files is cut off');
  return Array.from({ length: fields / MANAGED_FIELDS }, () => {
    const role = reader.text();
    const kind = reader.text();
    if (kind !== 'file' && kind !== 'directory' && kind !== 'quadlet' && kind !== 'zone')
      throw reader.misread('unknown kind of managed entry');
    return {
      role,
      kind,
      path: reader.text(),
      sha256: reader.text(),
      mode: reader.octal(),
      owner: reader.text(),
      group: reader.text(),
      unit: reader.text(),
    };
  });
}

/** The managed entries as the host keeps them, NUL-ended fields. */
export function encodeManaged(entries: readonly ManagedEntry[]): string {
  return entries
    .map(({ role, kind, path, sha256, mode, owner, group, unit }) =>
      [role, kind, path, sha256, mode.toString(8), owner, group, unit].map((field) => `${field}\0`).join(''),
    )
    .join('');
}
