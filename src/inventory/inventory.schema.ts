/** The form of inventory files and of the vars that the tool itself reads. Types and ajv's checks come from here. */
import { type Static, Type } from '@sinclair/typebox';
import type { Vars } from './model.ts';

const varMap = Type.Unsafe<Vars | null>({ type: 'object', nullable: true });

/** `hosts:`, `children:` and `vars:` may be left empty. Ansible also takes one name as text where a map of one is meant. */
export const groupSchema = Type.Recursive(
  (Group) =>
    Type.Unsafe<GroupForm | null>({
      ...Type.Object({
        hosts: Type.Optional(Type.Unsafe({ type: ['object', 'string'], nullable: true, additionalProperties: varMap })),
        children: Type.Optional(
          Type.Unsafe({ type: ['object', 'string'], nullable: true, additionalProperties: Group }),
        ),
        vars: Type.Optional(varMap),
      }),
      nullable: true,
    }),
  { $id: 'Group' },
);

export interface GroupForm {
  readonly hosts?: string | Readonly<Record<string, Vars | null>> | null;
  readonly children?: string | Readonly<Record<string, GroupForm | null>> | null;
  readonly vars?: Vars | null;
}

/** A whole inventory file: groups by name. */
export const fileSchema = Type.Unsafe<Readonly<Record<string, GroupForm | null>>>({
  type: 'object',
  additionalProperties: groupSchema,
});

/** Vars with a meaning of their own, for every host. Others belong to roles, or are free. */
export const builtinVarsSchema = Type.Object(
  {
    address: Type.Optional(
      Type.String({
        description: 'the IP address where the host is asked for DNS, NTP and DHCP, with its prefix: 192.0.2.11/24',
      }),
    ),
    interface: Type.Optional(
      Type.String({ pattern: '^[^/\\s]{1,15}$', description: 'name of the LAN interface, at most 15 characters' }),
    ),
    redundancy: Type.Optional(
      Type.Object(
        { minHealthy: Type.Integer({ minimum: 0, default: 1 }) },
        { description: 'how many other members must serve while one is changed: { minHealthy: 1 }' },
      ),
    ),
    ansible_host: Type.Optional(Type.String({ minLength: 1, description: 'where sshd is reached; default: address' })),
    ansible_port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65535, description: 'port of sshd; default 22' })),
    ansible_user: Type.Optional(
      Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_.-]*\\$?$', description: 'user to log in as; default core' }),
    ),
    ansible_ssh_private_key_file: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'key file; ~ is your home, relative paths begin at the inventory folder',
      }),
    ),
  },
  { additionalProperties: true },
);

export type BuiltinVars = Static<typeof builtinVarsSchema>;

/** Names that the tool itself reads, `ansible_group_priority` of groups included. */
export const BUILTIN_VARS: readonly string[] = [...Object.keys(builtinVarsSchema.properties), 'ansible_group_priority'];
