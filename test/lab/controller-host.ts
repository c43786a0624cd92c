/** Makes a host of a pair into a controller: this machine's Node, the built program, and a project whose inventory has the other host. */
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { packageRoot } from '../../src/assets.ts';
import { type LabHost, sshArguments } from '../../src/lab/index.ts';

/** Where all of it lies on the host: /usr is read-only there. */
const BASE = '/var/lib/controller';
export const PROJECT = `${BASE}/project`;
/** To be put in front of the words of a command line, as root. */
export const RUN = `cd ${PROJECT} && PATH=${BASE}/bin:$PATH HOME=${BASE}/home node ${BASE}/program/dist/cli.js`;

/** An unprivileged user of the controller, with a project of its own. */
export const USER = 'dns';
const USER_HOME = '/var/lib/dns';
/** To be put in front of the words of a command line, as that user; as behind `sudo -u`, without a session. */
export const RUN_AS_USER = `cd ${USER_HOME}/project && runuser -u ${USER} -- env -i LANG=C.UTF-8 PATH=${BASE}/bin:/usr/bin:/bin HOME=${USER_HOME} node ${BASE}/program/dist/cli.js`;

/**
 * A script for the controller, as root: makes that user, with a service manager and a message bus, as CoreOS has them for everybody.
 * Lab hosts have neither, nor pam_systemd: they boot faster so. An ssh key is refused when others may read it.
 */
export const MAKE_USER = `set -e
useradd --create-home --home-dir ${USER_HOME} ${USER}
cp -r ${PROJECT} ${BASE}/home/.ssh ${USER_HOME}/
sed -i 's|${PROJECT}/key|${USER_HOME}/project/key|' ${USER_HOME}/project/inventory/hosts.yaml
chown -R ${USER}: ${USER_HOME}
chmod -R go-rwx ${USER_HOME}
chmod a+rx ${BASE} ${BASE}/bin
chmod -R a+rX ${BASE}/program
if [[ -L /etc/systemd/system/user@.service ]]; then rm /etc/systemd/system/user@.service; fi
mkdir -p /etc/systemd/system/user@.service.d /etc/systemd/user/sockets.target.wants
printf '[Service]\\nEnvironment=XDG_RUNTIME_DIR=/run/user/%%i\\n' >/etc/systemd/system/user@.service.d/runtime.conf
printf '[Socket]\\nListenStream=%%t/bus\\n' >/etc/systemd/user/dbus.socket
printf '[Unit]\\nRequires=dbus.socket\\n[Service]\\nExecStart=/usr/bin/dbus-daemon --session --address=systemd: --nofork --nopidfile --systemd-activation\\n' >/etc/systemd/user/dbus.service
ln -sf ../dbus.socket /etc/systemd/user/sockets.target.wants/
systemctl daemon-reload`;

/** What the bundle leaves outside, with what that needs. */
const AJV = ['ajv', 'fast-deep-equal', 'fast-uri', 'json-schema-traverse', 'require-from-string'];

/** `target`: the only host of the inventory there; `vars`: of group all. */
export async function makeController(controller: LabHost, target: LabHost, vars: object = {}): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'coreos-infra-controller-'));
  try {
    fill(dir, target, vars);
    await sendFolder(dir, controller);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function fill(dir: string, target: LabHost, groupVars: object): void {
  const root = packageRoot();
  mkdirSync(join(dir, 'bin'));
  symlinkSync(process.execPath, join(dir, 'bin/node'));
  const program = join(dir, 'program');
  const meta = JSON.parse(readFileSync(join(root, 'dist/meta.json'), 'utf8')) as { readonly outputs: object };
  // As a package that npm installed: built, without ./run and the tools that build.
  const packages = ['@libsql', ...AJV].map((name) => `node_modules/${name}`);
  for (const file of ['package.json', 'src', ...packages, ...Object.keys(meta.outputs)]) {
    mkdirSync(dirname(join(program, file)), { recursive: true });
    cpSync(join(root, file), join(program, file), { recursive: true });
  }
  const project = join(dir, 'project');
  mkdirSync(join(project, 'inventory'), { recursive: true });
  mkdirSync(join(project, 'playbooks'));
  cpSync(target.identityFile, join(project, 'key'));
  mkdirSync(join(dir, 'home/.ssh'), { recursive: true });
  cpSync(target.knownHostsFile, join(dir, 'home/.ssh/known_hosts'));
  const vars = {
    ansible_host: target.address,
    ansible_port: target.port,
    ansible_user: target.user,
    ansible_ssh_private_key_file: `${PROJECT}/key`,
  };
  const inventory = { all: { hosts: { [target.name]: vars }, vars: groupVars } };
  writeFileSync(join(project, 'inventory/hosts.yaml'), JSON.stringify(inventory));
}

/** One stream of tar over the system's ssh, links followed. */
function sendFolder(dir: string, controller: LabHost): Promise<void> {
  return new Promise((resolve, reject) => {
    const unpack = `sudo mkdir -p ${BASE} && sudo tar -x -C ${BASE} --no-same-owner`;
    const tar = spawn('tar', ['-c', '-h', '-C', dir, '.'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ssh = spawn('ssh', [...sshArguments(controller, ['LogLevel=ERROR']), unpack], {
      stdio: ['pipe', 'inherit', 'inherit'],
    });
    tar.stdout.pipe(ssh.stdin);
    for (const child of [tar, ssh]) child.on('error', reject);
    ssh.on('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`the controller could not be made: ${code}`)),
    );
  });
}
