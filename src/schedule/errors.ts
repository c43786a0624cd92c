/** What can be wrong with a schedule. Nothing was scheduled, and no host was touched. */
import { InfraError } from '../errors.ts';

/** A calendar expression that systemd does not understand, or that never comes. */
export class CalendarError extends InfraError {
  readonly code = 'E_CALENDAR';
}

/** A schedule cannot be added, is there already, is not there, or systemd refuses it. */
export class ScheduleError extends InfraError {
  readonly code = 'E_SCHEDULE';
}

/** What is to be scheduled does not work without a person: a key with a passphrase, an agent, a question. */
export class UnattendedError extends InfraError {
  readonly code = 'E_UNATTENDED';
}
