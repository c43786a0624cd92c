/** Runs a program of this machine (systemctl, systemd-analyze) and keeps what it says. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';

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
        env: environment(),
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

/** systemd itself knows nothing of our TZ: its timers go by the machine's own zone, and so does what it is asked here. */
function environment(): NodeJS.ProcessEnv {
  // biome-ignore lint/style/noProcessEnv: systemctl --user finds its manager by it
  const { TZ: _, ...own } = process.env;
  const folder = `/run/user/${process.getuid?.() ?? ''}`;
  // Behind su and sudo it is not set, though the user's manager runs.
  const runtime = own['XDG_RUNTIME_DIR'] === undefined && existsSync(folder) ? { XDG_RUNTIME_DIR: folder } : {};
  return { ...own, ...runtime, LC_ALL: 'C', SYSTEMD_COLORS: '0', SYSTEMD_PAGER: 'cat' };
}
