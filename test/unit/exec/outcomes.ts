/** Outcomes as tests want them. */
import type { HostOutcome } from '../../../src/exec/events.ts';
import { type Kept, KeptOutput } from '../../../src/exec/kept-output.ts';

export function kept(text: string | Buffer, headMax?: number, tailMax?: number): Kept {
  const output = new KeptOutput(headMax, tailMax);
  output.push(Buffer.from(text));
  return output.get();
}

interface Parts extends Partial<Omit<HostOutcome, 'stdout' | 'stderr'>> {
  readonly stdout?: string;
  readonly stderr?: string;
}

export function outcome(host: string, { stdout = '', stderr = '', ...parts }: Parts = {}): HostOutcome {
  const code = parts.code === undefined ? 0 : parts.code;
  return {
    host,
    status: code === 0 ? 'ok' : 'failed',
    signal: null,
    error: null,
    tookMs: 100,
    ...parts,
    code,
    stdout: kept(stdout),
    stderr: kept(stderr),
  };
}
