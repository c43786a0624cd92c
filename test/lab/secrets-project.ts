/** A project of its own for the tests of secrets: playbooks of roles base and chrony, and a container that reads a podman secret. */
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/assets.ts';
import type { RunEvent, Summary } from '../../src/engine/events.ts';

export interface Result {
  readonly code: number;
  readonly summary: Summary;
}

export function writeProject(folder: string): void {
  for (const name of ['playbooks', 'roles/app']) mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, 'playbooks/base.ts'), playbookOf('base'));
  writeFileSync(join(folder, 'playbooks/deploy-ntp.ts'), playbookOf('chrony'));
  writeFileSync(join(folder, 'playbooks/app.ts'), APP_PLAYBOOK);
  writeFileSync(join(folder, 'roles/app/index.ts'), APP_ROLE);
}

const playbookOf = (role: string): string => `/** ${role} */
import { definePlaybook } from 'coreos-infra';
import { ${role} } from 'coreos-infra/roles/${role}';
export default definePlaybook({ name: '${role === 'chrony' ? 'deploy-ntp' : role}', hosts: '${role === 'chrony' ? 'ntp' : 'all'}', roles: [${role}] });
`;

const APP_PLAYBOOK = `/** A container whose configuration is a podman secret. */
import { definePlaybook } from 'coreos-infra';
import { app } from '../roles/app/index.ts';
export default definePlaybook({ name: 'app', hosts: 'all', roles: [app] });
`;

/** CoreDNS answers version.bind with the word: whoever hears it knows what the container has read. */
const APP_ROLE = `import { defineRole, image, mountedSecret, podmanSecret, quadlet, SecretValue, secretText, Type, unit } from 'coreos-infra';
const IMAGE = 'docker.io/coredns/coredns:1.15.0';
export const app = defineRole({
  name: 'app',
  description: 'a container that reads its configuration from a podman secret',
  vars: Type.Object({ word: SecretValue() }),
  resources({ vars, host }) {
    const conf = podmanSecret({
      name: 'app-conf',
      value: secretText\`.:5353 {\\n  bind \${host.address}\\n  chaos \${vars.word}\\n}\\n\`,
    });
    const container = quadlet('app.container', {
      Container: {
        Image: IMAGE,
        Network: 'host',
        Pull: 'never',
        Exec: '-conf /run/secrets/corefile',
        Secret: mountedSecret(conf, { target: '/run/secrets/corefile', uid: 65532, gid: 65532 }),
      },
    });
    return [image(IMAGE), conf, container, unit('app.service', { settleSec: 1 })];
  },
});
`;

export interface Printed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Our own command in a project's folder; its environment is the one of this moment. */
export function command(cwd: string, printed: string[], args: readonly string[]): Promise<Printed> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(packageRoot(), 'dist/cli.js'), ...args], {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const chunks: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] };
    child.stdout.on('data', (chunk: Buffer) => chunks.stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.stderr.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      const [stdout, stderr] = [
        Buffer.concat(chunks.stdout).toString('utf8'),
        Buffer.concat(chunks.stderr).toString('utf8'),
      ];
      printed.push(stdout, stderr);
      resolve({ code: code ?? -1, stdout, stderr });
    });
  });
}

export function summaryOf({ code, stdout, stderr }: Printed): Result {
  const events = stdout.split('\n').filter((line) => line !== '');
  const summary = events.length === 0 ? undefined : (JSON.parse(events.at(-1) ?? '') as RunEvent);
  if (summary?.event !== 'summary') throw new Error(`no summary: exit ${code}\n${stderr}`);
  return { code, summary };
}
