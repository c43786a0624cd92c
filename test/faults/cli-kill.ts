/** The command itself, killed at any moment of a run with --confirm-within 20: after that time both hosts serve, and `run status` is clean. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { packageRoot } from '../../src/assets.ts';
import type { FleetStatus } from '../../src/engine/fleet.ts';
import type { Content } from './content.ts';
import type { FaultPair } from './fault-pair.ts';
import type { Outcome } from './run-case.ts';

const CONFIRM_WITHIN_SEC = 20;
/** `kill -9`, then so long. */
const WAIT_MS = 40_000;

interface Ended {
  readonly code: number | null;
  readonly text: string;
}

export async function runCliKill(pair: FaultPair, afterMs: number): Promise<Outcome> {
  const problems: string[] = [];
  const wanted: Content = { ...pair.next('reload'), validates: true };
  const project = pair.project(wanted);
  const lab = ['--lab', '--lab-name', pair.labName];
  // Without the test's own role, and with the helper that every host gets.
  await deployed(await run(project, ['deploy-dns', ...lab]), problems);
  const next = pair.project({ ...wanted, version: `${wanted.version}1` });
  const client = await pair.startClient();
  try {
    const killed = await run(next, ['deploy-dns', ...lab, '--confirm-within', String(CONFIRM_WITHIN_SEC)], afterMs);
    await sleep(WAIT_MS);
    await pair.settled(5_000);
    problems.push(...unclean(await run(next, ['status', ...lab, '--json'])));
    await deployed(await run(next, ['deploy-dns', ...lab]), problems);
    const { group } = await client.stop();
    const lost = group.asked - group.answered;
    if (lost > 0) problems.push(`${lost} of ${group.asked} queries were answered by neither resolver`);
    return {
      end: 'status is clean',
      said: killed.code === null ? 'killed' : `was done (${killed.code})`,
      lost,
      asked: group.asked,
      problems,
    };
  } finally {
    await client.stop().catch(() => undefined);
    await pair.deploy(pair.next('restart'), { waitLockSec: 40 });
  }
}

/** No open change set, no lease, everything serves. */
function unclean({ code, text }: Ended): readonly string[] {
  if (code !== 0) return [`run status ended ${code}: ${text}`];
  const { hosts } = JSON.parse(text) as Pick<FleetStatus, 'hosts'>;
  return hosts.flatMap(({ name, changeSet, lease, services }) => [
    ...(changeSet === null ? [] : [`run status: ${name} has a change set that is ${changeSet.state}`]),
    ...(lease === null ? [] : [`run status: ${name} is held by ${lease.owner}`]),
    ...(services['dns']?.state === 'serves' ? [] : [`run status: dns on ${name} is ${services['dns']?.state}`]),
  ]);
}

async function deployed({ code, text }: Ended, problems: string[]): Promise<void> {
  if (code !== 0) problems.push(`run deploy-dns ended ${code}: ${text}`);
}

/** `run …` in a project of the user's own, killed after `killAfterMs` if it still runs. */
function run(project: string, args: readonly string[], killAfterMs?: number): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(join(packageRoot(), 'run'), args, { cwd: project, stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    child.stderr.resume();
    const timer = killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs);
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, text });
    });
  });
}
