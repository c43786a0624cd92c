/** Runs a program of this machine (systemctl, systemd-analyze) and keeps what it says. */
import { execFile } from 'node:child_process';

export interface ProgramEnd {
  /** null: it could not be started, or was killed. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Never throws. Words are English: they are read. `timeoutMs` default 30 s. */
export function runLocal(
  program: string,
  args: readonly string[],
  options: { readonly timeoutMs?: number; readonly cwd?: string } = {},
): Promise<ProgramEnd> {
  return new Promise((resolve) => {
    execFile(
      program,
      args,
      {
        timeout: options.timeoutMs ?? 30_000,
        maxBuffer: 16 << 20,
        // biome-ignore lint/style/noProcessEnv: systemctl --user finds its manager by it
        env: { ...process.env, LC_ALL: 'C', SYSTEMD_COLORS: '0', SYSTEMD_PAGER: 'cat' },
        ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      },
      (error, stdout, stderr) => {
        if (error === null) resolve({ code: 0, stdout, stderr });
        else if (typeof error.code === 'number') resolve({ code: error.code, stdout, stderr });
        else resolve({ code: null, stdout, stderr: stderr || error.message });
      },
    );
  });
}
