/** Whether the host's own updater may boot it between our runs, and whom it asks first. Pure. */
import { command, directory, file, type Resource } from 'coreos-infra';
import type { BaseVars } from './vars.schema.ts';

const FOLDER = '/etc/zincati/config.d';
/** Files count in the order of their names, and later ones win. */
const PATH = `${FOLDER}/95-coreos-infra.toml`;
const HEADER = '# Written by coreos-infra (role base). Changes made here are replaced by the next run.\n';

/**
 * The unit is not ours to start: it is held while an upgrade is open, and where it would take a denied release. It reads its settings when it
 * starts, so one that runs is started anew; when the change is undone, as soon as the old file is back.
 */
export function zincatiResources(wanted: NonNullable<BaseVars['zincati']>): readonly Resource[] {
  const settings = file(PATH, { content: HEADER + zincatiSettings(wanted) });
  const restart = 'systemctl try-restart zincati.service';
  return [
    directory('/etc/zincati'),
    directory(FOLDER),
    settings,
    command('zincati', {
      onChangeOf: [settings],
      script: `timeout 30 ${restart}`,
      undo: `systemd-run --quiet --collect bash -c 'while [[ -e /var/lib/coreos-infra/open ]]; do sleep 1; done; ${restart}'`,
      timeoutSec: 45,
    }),
  ];
}

/** TOML. */
export function zincatiSettings(wanted: NonNullable<BaseVars['zincati']>): string {
  if (wanted === 'disabled') return '[updates]\nenabled = false\n';
  // Without a slash at its end the last part of the path is dropped when v1/pre-reboot is joined to it.
  const url = wanted.fleet_lock.endsWith('/') ? wanted.fleet_lock : `${wanted.fleet_lock}/`;
  return `[updates]\nenabled = true\nstrategy = "fleet_lock"\n\n[updates.fleet_lock]\nbase_url = ${JSON.stringify(url)}\n`;
}
