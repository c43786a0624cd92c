/** What keeps an upgrade from being begun, or from ending well. */
import { EXIT, InfraError } from '../errors.ts';

/** The update graph cannot be read, or is none. No host was touched. */
export class UpdateGraphError extends InfraError {
  readonly code = 'E_UPDATE_GRAPH';
}

/** A maintenance window that no clock can show: unknown time zone, days or times. */
export class WindowError extends InfraError {
  readonly code = 'E_WINDOW';
}

/** The upgrade's settings contradict each other or the inventory. */
export class UpgradeSettingsError extends InfraError {
  readonly code = 'E_UPGRADE_SETTINGS';
}

/** No release is chosen: denied, older, not reachable for all hosts, a dead end. No host was touched. */
export class NoTargetError extends InfraError {
  readonly code = 'E_NO_TARGET';
  override readonly exitCode = EXIT.failed;
}

/** The host is not in a state from which it could be upgraded and brought back. It was not touched. */
export class NotUpgradableError extends InfraError {
  readonly code = 'E_NOT_UPGRADABLE';
  override readonly exitCode = EXIT.failed;
}

/** The upgrade of a host failed before its reboot; what was staged is dropped, and it runs what it ran before. */
export class UpgradeAbandonedError extends InfraError {
  readonly code = 'E_UPGRADE_ABANDONED';
  override readonly exitCode = EXIT.failed;
}

/** The host went back to the release that it had before. */
export class RolledBackError extends InfraError {
  readonly code = 'E_ROLLED_BACK';
  override readonly exitCode = EXIT.failed;
}

/** The host does not answer after its reboot, or is in a state that nobody can name: a person has to look. */
export class HostStuckError extends InfraError {
  readonly code = 'E_HOST_STUCK';
  override readonly exitCode = EXIT.unknown;
}

/** There is no upgrade to resume or abort, or an earlier one has to be ended first. */
export class NoSuchUpgradeError extends InfraError {
  readonly code = 'E_NO_SUCH_UPGRADE';
}
