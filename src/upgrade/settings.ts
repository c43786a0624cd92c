/** The settings of an upgrade for one host: what the command line says, else the playbook, else the inventory. Pure. */
import type { Host, Vars } from '../inventory/model.ts';
import { roleVars } from '../inventory/role-vars.ts';
import type { Upgrade } from './define.ts';
import { UpgradeSettingsError } from './errors.ts';
import { upgradeVars } from './vars.schema.ts';
import { type Day, type MaintenanceWindow, parseWindow } from './window.ts';

/** All that is timed is in seconds. */
export interface UpgradeSettings {
  readonly soakSec: number;
  readonly withinSec: number;
  readonly windows: readonly MaintenanceWindow[];
  /** URL or absolute path. */
  readonly graph: string | undefined;
  readonly wariness: number;
  readonly rebootWithinSec: number;
  readonly stageWithinSec: number;
  readonly checkAfterSec: number;
  /** undefined: as the kernels that are there. */
  readonly bootBytes: number | undefined;
}

export interface SettingsOverrides {
  readonly soak?: string;
  readonly within?: string;
  /** `none`: without one. */
  readonly graph?: string;
}

/** The guard's own last reserve beyond the soak: probes, configuration, a confirm that is asked for again. */
const TRIAL_RESERVE_SEC = 120;

/** Throws InvalidValueError, WindowError or UpgradeSettingsError. */
export function settingsFor(host: Host, upgrade: Upgrade, overrides: SettingsOverrides = {}): UpgradeSettings {
  const { graph: graphOption, ...given } = overrides;
  const vars = roleVars({ name: 'upgrade', vars: upgradeVars }, host, { ...upgrade.vars, ...given } as Vars);
  const soakSec = seconds(vars.soak);
  const withinSec = vars.within === undefined ? soakSec + TRIAL_RESERVE_SEC : seconds(vars.within);
  if (withinSec <= soakSec)
    throw new UpgradeSettingsError(
      `${host.name} would go back after ${withinSec} s, before its soak of ${soakSec} s is over`,
      {
        host: host.name,
        remedy: 'Let upgrade_within be longer than upgrade_soak, or leave it away: then it is soak and 2 min.',
      },
    );
  const graph = graphOption ?? vars.graph;
  return {
    soakSec,
    withinSec,
    windows: vars.windows.map(({ zone, days, start, end }) =>
      parseWindow({ zone, ...(days === undefined ? {} : { days: days as readonly Day[] }), start, end }),
    ),
    graph: graph === 'none' ? undefined : graph,
    wariness: vars.wariness,
    rebootWithinSec: seconds(vars.reboot_within),
    stageWithinSec: seconds(vars.stage_within),
    checkAfterSec: seconds(vars.check_after),
    bootBytes: vars.boot_space === undefined ? undefined : vars.boot_space * 1024 * 1024,
  };
}

const UNIT_SEC: Readonly<Record<string, number>> = { s: 1, min: 60, h: 3600 };

/** Of `20s`, `5min`, `1h`. */
export function seconds(text: string): number {
  const [, number, unit = ''] = /^(\d+)(s|min|h)$/.exec(text) ?? [];
  return Number(number) * (UNIT_SEC[unit] ?? Number.NaN);
}
