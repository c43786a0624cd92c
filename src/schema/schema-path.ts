/** Finds the part of a schema that an error of ajv speaks of. Pure. */
import type { SchemaNode } from './describe.ts';

/**
 * The node that holds the failing keyword for the value at `path`. ajv's `schemaPath` alone does not tell: inside a schema with
 * an `$id` (recursive ones) it begins anew at `#`. So it has to agree with the nodes that the value's path leads to.
 */
export function failingSchema(root: SchemaNode, path: readonly (string | number)[], schemaPath: string): SchemaNode {
  const ids = new Map<string, SchemaNode>();
  collectIds(root, ids);
  let reached = alternatives(root, ids);
  for (const part of path)
    reached = reached.flatMap((node) => step(node, part)).flatMap((node) => alternatives(node, ids));
  for (const base of [root, ...ids.values()]) {
    const node = follow(base, schemaPath);
    if (node !== undefined && reached.includes(node)) return node;
  }
  return reached[0] ?? {};
}

/** The node itself, what it refers to, and the branches of its unions. */
function alternatives(node: SchemaNode, ids: ReadonlyMap<string, SchemaNode>): SchemaNode[] {
  const target = node.$ref === undefined ? undefined : ids.get(node.$ref.replace(/#$/, ''));
  if (target !== undefined) return alternatives(target, ids);
  return [node, ...(node.anyOf ?? []).flatMap((branch) => alternatives(branch, ids))];
}

function step(node: SchemaNode, part: string | number): SchemaNode[] {
  if (typeof part === 'number') {
    const item = Array.isArray(node.items) ? (node.items as readonly SchemaNode[])[part] : node.items;
    return item === undefined ? [] : [item as SchemaNode];
  }
  const own = node.properties?.[part];
  if (own !== undefined) return [own];
  const matching = Object.entries(node.patternProperties ?? {}).filter(([pattern]) =>
    new RegExp(pattern, 'u').test(part),
  );
  if (matching.length > 0) return matching.map(([, inner]) => inner);
  return typeof node.additionalProperties === 'object' ? [node.additionalProperties] : [];
}

/** Walks a JSON pointer in a URI fragment (`#/properties/x/type`), the keyword at its end left out. */
function follow(base: SchemaNode, schemaPath: string): SchemaNode | undefined {
  let node: unknown = base;
  for (const raw of schemaPath.split('/').slice(1, -1)) {
    if (typeof node !== 'object' || node === null) return undefined;
    node = (node as Record<string, unknown>)[decodeURIComponent(raw).replaceAll('~1', '/').replaceAll('~0', '~')];
  }
  return typeof node === 'object' && node !== null ? (node as SchemaNode) : undefined;
}

function collectIds(node: unknown, ids: Map<string, SchemaNode>): void {
  if (typeof node !== 'object' || node === null) return;
  const { $id } = node as SchemaNode;
  if (typeof $id === 'string') ids.set($id, node as SchemaNode);
  for (const inner of Object.values(node)) collectIds(inner, ids);
}
