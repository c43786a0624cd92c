/** DHCP options in the inventory: known ones by name with values of their own types, all others as Kea's option-data. */
import { Type } from 'coreos-infra';
import { optionKinds } from '../../src/kea/options.ts';

export const text = (description: string) => Type.String({ minLength: 1, maxLength: 255, description });

const route = Type.Object({ to: Type.String(), via: Type.String() }, { additionalProperties: false });
/** Of which type each one is, src/kea/options.ts says. */
const value = Type.Union([
  Type.String(),
  Type.Number(),
  Type.Boolean(),
  Type.Array(Type.String(), { minItems: 1 }),
  Type.Array(route, { minItems: 1 }),
]);

/** A map whose keys are the names that we know; an unknown one is told with the nearest. */
export const optionMap = (family: 4 | 6) =>
  Type.Object(Object.fromEntries(Object.keys(optionKinds(family)).map((name) => [name, Type.Optional(value)])), {
    additionalProperties: false,
    description: 'DHCP options by name.',
  });

export const option_data = Type.Array(
  Type.Object(
    {
      name: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_.-]{1,128}$' })),
      code: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535 })),
      space: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_.-]{1,128}$' })),
      data: Type.Optional(Type.String({ maxLength: 4096 })),
      csv_format: Type.Optional(Type.Boolean({ description: 'false: data is hexadecimal.' })),
      always_send: Type.Optional(Type.Boolean({ description: 'Also to clients that did not ask for it.' })),
    },
    { additionalProperties: false },
  ),
  {
    maxItems: 256,
    description: 'Options as Kea’s option-data takes them: for those that kea_options has no name for.',
  },
);
