/** The settings of upgrades: vars `upgrade_…` of the inventory, or keys of defineUpgrade(). */
import { type Static, Type } from '@sinclair/typebox';

const Duration = (description: string, defaultValue: string) =>
  Type.String({ pattern: '^[0-9]{1,6}(s|min|h)$', default: defaultValue, description });

const Window = Type.Object(
  {
    zone: Type.String({ default: 'UTC', description: 'IANA name of the time zone: Europe/Berlin.' }),
    days: Type.Optional(
      Type.Array(Type.Union(['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'].map((day) => Type.Literal(day))), {
        minItems: 1,
        description: 'Default: every day.',
      }),
    ),
    start: Type.String({ description: 'hh:mm by the clock on the wall there, inclusive.' }),
    end: Type.String({ description: 'hh:mm, exclusive; before start: on the next day.' }),
  },
  { additionalProperties: false },
);

export const upgradeVars = Type.Object(
  {
    soak: Duration('How long everything has to go on passing after the reboot, before a host is confirmed.', '5min'),
    within: Type.Optional(
      Type.String({
        pattern: '^[0-9]{1,6}(s|min|h)$',
        description:
          'The host goes back by itself when nobody confirmed for so long after its first boot into the new release. Default: soak and 2 min.',
      }),
    ),
    windows: Type.Array(Window, {
      default: [],
      description: 'When something irreversible may begin; none: at any time.',
    }),
    graph: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          "URL or file of the update graph. Default: none; what was published last on the host's own remote.",
      }),
    ),
    wariness: Type.Number({
      minimum: 0,
      maximum: 1,
      default: 0.5,
      description: 'Of a staggered rollout: 0 takes a release at once, 1 when everybody has it.',
    }),
    reboot_within: Duration(
      'A host that does not come up within so long is called lost. Firmware takes its time.',
      '10min',
    ),
    stage_within: Duration('Download and staging of a release.', '30min'),
    check_after: Duration("The host's own first look at its units after it came up.", '30s'),
    boot_space: Type.Optional(
      Type.Integer({
        minimum: 0,
        description:
          'MB that must be free on /boot for another kernel. Default: what the largest one there takes, and some.',
      }),
    ),
  },
  { additionalProperties: false },
);

export type UpgradeVars = Static<typeof upgradeVars>;
