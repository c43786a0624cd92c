/** Runs commands and measures them: wall time, and the peak of resident memory. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Wall time in ms. Throws when the command fails: a failed run is no measurement. */
export async function timed(argv, options = {}) {
  const begin = process.hrtime.bigint();
  const { code, output } = await execute(argv, options);
  const ms = Number(process.hrtime.bigint() - begin) / 1e6;
  if (code !== 0) throw new Error(`${argv.join(' ')} ended ${code}:\n${output}`);
  return ms;
}

/** Several commands at once: the time until the last has ended. */
export async function timedTogether(argvs) {
  const begin = process.hrtime.bigint();
  await Promise.all(argvs.map((argv) => timed(argv)));
  return Number(process.hrtime.bigint() - begin) / 1e6;
}

/** Peak of resident memory in MB: the kernel keeps it (VmHWM), so the last look before the end is enough. */
export async function peakMemory(argv) {
  let peakKb = 0;
  await execute(argv, {
    onStart: (pid) =>
      setInterval(() => {
        try {
          peakKb = Math.max(
            peakKb,
            Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0),
          );
        } catch {
          // over
        }
      }, 2),
  });
  return peakKb / 1024;
}

function execute([program, ...args], { onStart, cwd } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd });
    const timer = onStart?.(child.pid);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text) => {
        output += text;
      });
    }
    child.on('error', reject);
    child.on('close', (code) => {
      clearInterval(timer);
      resolve({ code, output });
    });
  });
}

/** Rounds of all measurements in turn, so that a busy moment of the machine meets all of them. Medians by name. */
export async function medians(rounds, measurements) {
  const samples = new Map(Object.keys(measurements).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, measure] of Object.entries(measurements)) samples.get(name).push(await measure());
  }
  return Object.fromEntries([...samples].map(([name, values]) => [name, median(values)]));
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
