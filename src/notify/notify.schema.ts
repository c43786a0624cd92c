/** The inventory's var `notify`, of group all: who is told when a run ends. docs/notifications.md explains it. */
import { type Static, Type } from '@sinclair/typebox';
import type { Inventory } from '../inventory/model.ts';
import { formatPath } from '../schema/describe.ts';
import { InvalidValueError, type ValueProblem } from '../schema/errors.ts';
import { SecretValue } from '../schema/secret-value.ts';
import { check } from '../schema/validate.ts';

const URL_PATTERN = '^https?://[^\\s/?#]+[^\\s]*$';
/** One address and nothing else: it stands in a header of a message. */
const ADDRESS_PATTERN = '^[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,255}$|^[a-z_][a-z0-9_-]{0,31}$';

const url = (description: string) =>
  Type.Optional(Type.Union([SecretValue(), Type.String({ pattern: URL_PATTERN })], { description }));

const notification = Type.Object({
  on: Type.Optional(
    Type.Union([Type.Literal('failure'), Type.Literal('change'), Type.Literal('always')], {
      default: 'failure',
      description: 'failure: the exit code is not 0; change: that, or something was changed; always: every run',
    }),
  ),
  webhook: url('the address that gets a POST of JSON; one with a token in it is a secret'),
  ntfy: url('the address of a topic: https://ntfy.example.com/dns-team'),
  mail: Type.Optional(
    Type.Array(Type.String({ pattern: ADDRESS_PATTERN }), {
      minItems: 1,
      description: 'addresses; sent by this machine’s sendmail',
    }),
  ),
  token: Type.Optional(
    Type.Union([SecretValue(), Type.String({ minLength: 1 })], {
      description: 'sent as Authorization: Bearer; write it as a secret',
    }),
  ),
  from: Type.Optional(Type.String({ pattern: ADDRESS_PATTERN, description: 'sender of mail; default: whoever runs' })),
  sendmail: Type.Optional(Type.String({ pattern: '^/', description: 'default: /usr/sbin/sendmail' })),
  lab: Type.Optional(Type.Boolean({ default: false, description: 'also for rehearsals with --lab' })),
});

export const notifySchema = Type.Array(notification);
export type Notification = Static<typeof notification>;

const WAYS = ['webhook', 'ntfy', 'mail'] as const;

/** Of group all; none when the var is not there. Throws InvalidValueError with file and line of all that is wrong. */
export function notificationsOf(inventory: Inventory): readonly Notification[] {
  const value = inventory.groups.get('all')?.vars['notify'];
  if (value === undefined || value === null) return [];
  const [host] = inventory.hosts.values();
  const origin = (...path: readonly (string | number)[]) => host?.origin('notify', ...path);
  const label = (path: readonly (string | number)[]): string => formatPath(['notify', ...path]);
  const checked = check(notifySchema, value, { name: 'notify', origin, label });
  if (!checked.ok) throw new InvalidValueError(checked.problems);
  const problems = checked.value.flatMap((one, index): readonly ValueProblem[] => {
    const given = WAYS.filter((way) => one[way] !== undefined);
    if (given.length === 1) return [];
    return [
      {
        path: [index],
        value: given.length,
        expected: 'one way to tell somebody',
        where: origin(index),
        message: `notify[${index}] names ${given.length === 0 ? 'nobody to tell' : given.join(' and ')}`,
        remedy: `Give one of ${WAYS.join(', ')} in each entry.`,
      },
    ];
  });
  if (problems.length > 0) throw new InvalidValueError(problems);
  return checked.value;
}
