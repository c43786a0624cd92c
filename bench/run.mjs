/**
 * `npm run bench`: speed and size, as ratios of one run on one machine. Needs root on Linux (it boots a lab of two hosts).
 * --strict ends 1 when a bound is exceeded; --rounds N (default 9); --keep leaves the lab running.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { medians, peakMemory, timed, timedTogether } from './measure.mjs';
import { writeZones } from './zones.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const run = join(root, 'run');
const { values: options } = parseArgs({
  options: { strict: { type: 'boolean' }, rounds: { type: 'string', default: '9' }, keep: { type: 'boolean' } },
});
const rounds = Number(options.rounds);
const lab = `bench-${process.pid}`;
const scratch = mkdtempSync(join(tmpdir(), 'coreos-infra-bench-'));
const inventory = join(scratch, 'inventory');

try {
  cpSync(join(root, 'inventory'), inventory, { recursive: true });
  writeZones(join(inventory, 'zones'));
  const rows = await measure();
  print(rows);
  const isOver = rows.some(({ value, bound }) => bound !== undefined && value > bound);
  if (isOver && options.strict) process.exitCode = 1;
} finally {
  if (!options.keep) await timed([run, 'lab', 'down', '--lab-name', lab]);
  rmSync(scratch, { recursive: true, force: true });
}

async function measure() {
  await timed([run, '--version']); // builds when it has to
  const up = [run, 'lab', 'up', '--install-deps', '-i', inventory, '--lab-name', lab];
  say('lab up (the first may build the trees)');
  await timed(up);
  await timed([run, 'lab', 'down', '--lab-name', lab]);
  say('lab up, cached');
  const upMs = await timed(up);
  const deploy = [run, 'deploy-dns', '-i', inventory, '--lab-name', lab, '--yes'];
  say('first deployment');
  const firstMs = await timed(deploy);
  say(`${rounds} rounds`);
  const ssh = sshCommands();
  const ms = await medians(rounds, {
    node: () => timed(['node', '-e', '0']),
    help: () => timed([run, '--help']),
    ssh: () => timedTogether(ssh),
    noChange: () => timed(deploy),
    check: () => timed([...deploy, '--check', '--diff']),
  });
  const changeMs = (await medians(Math.min(rounds, 5), { change: () => timed(changeOneRecord(deploy)) })).change;
  const memory = Math.max(await peakMemory(deploy), await peakMemory(changeOneRecord(deploy)));
  return [
    {
      name: 'run without changes / two parallel ssh',
      value: ms.noChange / ms.ssh,
      unit: '×',
      bound: 2.5,
      note: `${round(ms.noChange)} / ${round(ms.ssh)} ms`,
    },
    {
      name: 'run --help / node -e 0',
      value: ms.help / ms.node,
      unit: '×',
      bound: 3,
      note: `${round(ms.help)} / ${round(ms.node)} ms`,
    },
    { name: 'peak memory of a run', value: memory, unit: 'MB', bound: 120, note: '3 zones of 200 records' },
    { name: 'lab up of two hosts, trees cached', value: upMs / 1000, unit: 's', bound: 60, note: '' },
    { name: 'one changed zone on two hosts in turn', value: changeMs / 1000, unit: 's', note: '' },
    { name: 'first deployment', value: firstMs / 1000, unit: 's', note: '' },
    { name: 'run --check --diff without changes', value: ms.check, unit: 'ms', note: '' },
  ];
}

/** OpenSSH as a user would call it, with nothing shared between calls. */
function sshCommands() {
  const { hosts } = JSON.parse(execFileSync(run, ['lab', 'status', '--json', '--lab-name', lab], { encoding: 'utf8' }));
  return hosts.map(({ address, port, user, identityFile, knownHostsFile }) => [
    'ssh',
    '-F',
    'none',
    ...['BatchMode=yes', `UserKnownHostsFile=${knownHostsFile}`, 'ControlPath=none'].flatMap((option) => [
      '-o',
      option,
    ]),
    ...['-i', identityFile, '-p', String(port), `${user}@${address}`, 'true'],
  ]);
}

/** Edits the copy of the inventory, so that the command has something to do. */
function changeOneRecord(deploy) {
  const path = join(inventory, 'zones/db.bench1.example');
  const text = readFileSync(path, 'utf8');
  const next = (Number(/^host0 IN A 198\.51\.100\.(\d+)$/m.exec(text)[1]) % 250) + 1;
  writeFileSync(path, text.replace(/^host0 IN A .*$/m, `host0 IN A 198.51.100.${next}`));
  return deploy;
}

function print(rows) {
  const width = Math.max(...rows.map(({ name }) => name.length));
  for (const { name, value, unit, bound, note } of rows) {
    const verdict = bound === undefined ? '' : value > bound ? `OVER ${bound}` : `at most ${bound}`;
    console.log(
      `${name.padEnd(width)}  ${value.toFixed(unit === 'ms' || unit === 'MB' ? 0 : 2).padStart(7)} ${unit.padEnd(2)}  ${verdict.padEnd(12)} ${note}`.trimEnd(),
    );
  }
}

function round(ms) {
  return ms.toFixed(0);
}

function say(text) {
  console.error(`bench: ${text} …`);
}
