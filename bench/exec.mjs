/**
 * `node bench/exec.mjs`: what `run exec -- true` on two hosts takes, as a ratio to two parallel `ssh host true` in the same rounds.
 * Needs root on Linux (it boots a lab). --lab NAME uses one that is up; --rounds N (default 15); --strict ends 1 over the bound.
 */
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { medians, peakMemory, timed, timedTogether } from './measure.mjs';

const BOUND = 2;

const run = join(dirname(fileURLToPath(import.meta.url)), '../run');
const { values: options } = parseArgs({
  options: { strict: { type: 'boolean' }, rounds: { type: 'string', default: '15' }, lab: { type: 'string' } },
});
const lab = options.lab ?? `bench-exec-${process.pid}`;

try {
  await timed([run, '--version']); // builds when it has to
  if (options.lab === undefined) await timed([run, 'lab', 'up', '--install-deps', '--lab-name', lab]);
  await measure();
} finally {
  if (options.lab === undefined) await timed([run, 'lab', 'down', '--lab-name', lab]);
}

async function measure() {
  const exec = (...words) => [run, 'exec', '--lab-name', lab, ...words];
  const ssh = sshCommands();
  const ms = await medians(Number(options.rounds), {
    ssh: () => timedTogether(ssh),
    exec: () => timed(exec('--', 'true')),
    ignoring: () => timed(exec('--ignore-locks', '--', 'true')),
    sudo: () => timed(exec('--sudo', '--', 'true')),
  });
  const ratio = ms.exec / ms.ssh;
  const few = await peakMemory(exec('-b', '--', 'true'));
  const many = await peakMemory(exec('-b', '--timeout', '120', '--', 'seq 30000000'));
  console.log(
    `run exec -- true / two parallel ssh: ${ratio.toFixed(2)} × (${round(ms.exec)} / ${round(ms.ssh)} ms), at most ${BOUND}`,
  );
  console.log(`  without the look at locks ${round(ms.ignoring)} ms · with --sudo ${round(ms.sudo)} ms`);
  console.log(
    `peak memory: ${round(few)} MB for no output · ${round(many)} MB for 30 000 000 lines (259 MB) from each host, folded`,
  );
  if (options.strict && ratio > BOUND) process.exitCode = 1;
}

/** OpenSSH as a user would call it, with nothing shared between calls. */
function sshCommands() {
  const { hosts } = JSON.parse(execFileSync(run, ['lab', 'status', '--json', '--lab-name', lab], { encoding: 'utf8' }));
  return hosts.map(({ address, port, user, identityFile, knownHostsFile }) => [
    ...['ssh', '-F', 'none', '-o', 'BatchMode=yes', '-o', `UserKnownHostsFile=${knownHostsFile}`],
    ...['-i', identityFile, '-p', String(port), `${user}@${address}`, 'true'],
  ]);
}

function round(number) {
  return number.toFixed(0);
}
