/**
 * `node bench/fleet.mjs`: `run exec -- true` on 50 sshds of this machine, beside clush (Debian: clustershell) and, where it is installed, Ansible's raw
 * module, in the same rounds. Needs root, an OpenSSH server's program and clush. --hosts N (default 50), --rounds N (default 7).
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const run = join(dirname(fileURLToPath(import.meta.url)), '../run');
const { values: options } = parseArgs({
  options: { hosts: { type: 'string', default: '50' }, rounds: { type: 'string', default: '7' } },
});
const count = Number(options.hosts);
const PORT = 22_022;
/** sshd takes no more addresses (MAX_LISTEN_SOCKS in its source). */
const LISTENERS_MAX = 16;
const addresses = Array.from({ length: count }, (_, index) => `127.1.0.${index + 1}`);
const scratch = mkdtempSync(join(tmpdir(), 'coreos-infra-bench-fleet-'));
const file = (name) => join(scratch, name);

const servers = startSshds();
try {
  await answers();
  writeInventory();
  const ssh = [
    '-F',
    'none',
    '-p',
    String(PORT),
    '-i',
    file('key'),
    '-o',
    `UserKnownHostsFile=${file('.ssh/known_hosts')}`,
  ];
  const commands = {
    // Its known_hosts is that of the home folder.
    'run exec': ['env', `HOME=${scratch}`, run, 'exec', '-i', file('inventory'), '-f', String(count), '--', 'true'],
    clush: ['clush', '-q', '-l', 'root', '-f', String(count), '-o', ssh.join(' '), '-w', addresses.join(','), 'true'],
    ...(spawnSync('ansible', ['--version']).status === 0 ? { 'ansible raw': ansible(ssh) } : {}),
  };
  const seen = Object.fromEntries(Object.keys(commands).map((name) => [name, { ms: [], cpuMs: [] }]));
  for (let round = 0; round <= Number(options.rounds); round++) {
    for (const [name, argv] of Object.entries(commands)) {
      const { ms, cpuMs } = timed(argv);
      if (round === 0) continue; // warm
      seen[name].ms.push(ms);
      seen[name].cpuMs.push(cpuMs);
    }
  }
  print(seen);
  if (seen['ansible raw'] === undefined)
    console.log('Ansible is not installed here (pip install ansible-core): not compared.');
} finally {
  for (const server of servers) server.kill();
  rmSync(scratch, { recursive: true, force: true });
}

/** A few servers on all addresses; each connection is a process of its own, as on 50 hosts. */
function startSshds() {
  mkdirSync(file('.ssh'));
  for (const name of ['key', 'host_key'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file(name)]);
  execFileSync('cp', [file('key.pub'), file('authorized_keys')]);
  chmodSync(scratch, 0o755);
  mkdirSync('/run/sshd', { recursive: true });
  const hostKey = execFileSync('cut', ['-d', ' ', '-f', '1,2', file('host_key.pub')], { encoding: 'utf8' }).trim();
  writeFileSync(file('.ssh/known_hosts'), addresses.map((address) => `[${address}]:${PORT} ${hostKey}\n`).join(''));
  return chunks(addresses, LISTENERS_MAX).map((some, index) => {
    const config = [
      ...some.map((address) => `ListenAddress ${address}:${PORT}`),
      `HostKey ${file('host_key')}`,
      `AuthorizedKeysFile ${file('authorized_keys')}`,
      ...['PermitRootLogin prohibit-password', 'StrictModes no', 'UsePAM no', 'MaxStartups 1000', 'PidFile none'],
      // A ~/.bashrc of this machine that takes a lock (pyenv's) would have its 50 readers wait for each other, as 50 hosts do not.
      `SetEnv HOME=${scratch}`,
    ];
    writeFileSync(file(`sshd_config${index}`), `${config.join('\n')}\n`);
    return spawn('/usr/sbin/sshd', ['-D', '-f', file(`sshd_config${index}`)], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  });
}

function chunks(list, size) {
  return list.length === 0 ? [] : [list.slice(0, size), ...chunks(list.slice(size), size)];
}

async function answers() {
  for (let tries = 0; tries < 100; tries++) {
    const isOpen = await new Promise((resolve) => {
      const socket = connect(PORT, addresses.at(-1), () => resolve(true)).on('error', () => resolve(false));
      socket.on('connect', () => socket.destroy());
    });
    if (isOpen) return;
    await sleep(50);
  }
  throw new Error('sshd does not answer');
}

function writeInventory() {
  mkdirSync(file('inventory'));
  const hosts = addresses.map((address, index) => `    h${index + 1}: { address: ${address}, ansible_port: ${PORT} }`);
  const vars = `  vars: { ansible_user: root, ansible_ssh_private_key_file: ${file('key')} }`;
  writeFileSync(file('inventory/hosts.yaml'), `all:\n  hosts:\n${hosts.join('\n')}\n${vars}\n`);
}

function ansible(ssh) {
  writeFileSync(file('hosts'), addresses.map((address) => `${address} ansible_user=root\n`).join(''));
  return [
    'ansible',
    'all',
    '-i',
    file('hosts'),
    '-f',
    String(count),
    '-m',
    'raw',
    '-a',
    'true',
    '--ssh-common-args',
    ssh.join(' '),
  ];
}

/** Wall time, and the processor time of the command with its children, as bash's `time` tells them. */
function timed(argv) {
  const script = `TIMEFORMAT='%R %U %S'; { time "$@" >${file('out')} 2>&1; } 2>${file('time')}; code=$?; cat ${file('time')}; exit $code`;
  const { status, stdout } = spawnSync('bash', ['-c', script, 'bash', ...argv], { encoding: 'utf8' });
  if (status !== 0)
    throw new Error(`${argv[0]} ended ${status}:\n${execFileSync('tail', ['-5', file('out')], { encoding: 'utf8' })}`);
  const [wall, user, system] = stdout
    .trim()
    .split(' ')
    .map((text) => Number(text) * 1000);
  return { ms: wall, cpuMs: user + system };
}

function print(seen) {
  const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
  const ours = { ms: median(seen['run exec'].ms), cpuMs: median(seen['run exec'].cpuMs) };
  console.log(
    `run exec -- true on ${count} sshds: ${ours.ms.toFixed(0)} ms, ${ours.cpuMs.toFixed(0)} ms of processor time`,
  );
  for (const [name, { ms, cpuMs }] of Object.entries(seen)) {
    if (name === 'run exec') continue;
    const bound = name === 'clush' ? ' (at most 1.1 ×, and 0.2 × of its processor time)' : ' (less than 1 ×)';
    console.log(
      `/ ${name}: ${(ours.ms / median(ms)).toFixed(2)} × of ${median(ms).toFixed(0)} ms, ${(ours.cpuMs / median(cpuMs)).toFixed(2)} × of ${median(cpuMs).toFixed(0)} ms of processor time${bound}`,
    );
  }
}
