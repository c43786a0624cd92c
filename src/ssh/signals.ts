/** The numbers of Linux's signals: the host is Linux whatever we run on. Pure. */

/** By name without SIG (signal(7), x86/ARM); RFC 4254 §6.10 names the first row, OpenSSH passes on the others. */
const NUMBERS: Readonly<Record<string, number>> = {
  ABRT: 6,
  ALRM: 14,
  FPE: 8,
  HUP: 1,
  ILL: 4,
  INT: 2,
  KILL: 9,
  PIPE: 13,
  QUIT: 3,
  SEGV: 11,
  TERM: 15,
  USR1: 10,
  USR2: 12,
  BUS: 7,
  TRAP: 5,
  SYS: 31,
  XCPU: 24,
  XFSZ: 25,
  STKFLT: 16,
  VTALRM: 26,
  PROF: 27,
  IO: 29,
  PWR: 30,
};

/** The exit code that a shell gives a command killed by this signal: 128 + n, or 128 alone for one that nobody knows. */
export function signalExitCode(name: string): number {
  return 128 + (NUMBERS[name] ?? 0);
}
