/** `lab dora`: DHCP clients on the lab's LAN, one after the other, as a process of their own, so that nothing else delays them. */
import { join } from 'node:path';
import { packageRoot } from '../assets.ts';
import type { DoraFigure, DoraOptions } from '../dhcp/dora-loop.ts';
import { type ClientOptions, spawnClient } from './client.ts';
import { LabError } from './errors.ts';

export interface DoraRun {
  /** Ends it; the figures. Rejects when it ended by itself before, with what it said. */
  stop(): Promise<DoraFigure>;
}

/** Resolves once the first exchange is under way. `run lab dora-here` is the process inside (src/cli/lab-dora.ts). */
export async function labDora(
  labName: string,
  options: DoraOptions & Pick<ClientOptions, 'network'> = {},
): Promise<DoraRun> {
  const { network, ...loop } = options;
  const command = [process.execPath, join(packageRoot(), 'dist/cli.js'), 'lab', 'dora-here', JSON.stringify(loop)];
  const where = { onMachine: true, ...(network === undefined ? {} : { network }) };
  const child = spawnClient(labName, command, where, { stdio: ['pipe', 'pipe', 'pipe'] });
  const lines: string[] = [];
  let errors = '';
  let isStarted: () => void = () => undefined;
  const started = new Promise<void>((resolve) => {
    isStarted = resolve;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-2_000);
  });
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    lines.push(...text.split('\n').filter((line) => line !== ''));
    isStarted();
  });
  const ended = new Promise<DoraFigure>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      const last = lines.at(-1);
      if (code === 0 && last !== undefined)
        resolve(JSON.parse(last) as DoraFigure); // written by runDoraHere only
      else
        reject(
          new LabError(`the DHCP clients ended with ${code}`, {
            remedy: 'Look at the words above. Is the lab up (run lab status)?',
            detail: errors.trim().split('\n'),
          }),
        );
    });
  });
  ended.catch(() => undefined); // told to whoever stops it
  await Promise.race([started, ended]);
  return {
    stop() {
      child.stdin?.end();
      return ended;
    },
  };
}

/** The process inside: one line when it has begun, one with the figures when its stdin ends. */
export async function runDoraHere(options: DoraOptions): Promise<void> {
  const { DoraLoop } = await import('../dhcp/dora-loop.ts');
  const loop = new DoraLoop(options);
  await loop.start();
  process.stdout.write('{}\n');
  // Ctrl-C is for whoever started us.
  process.on('SIGINT', () => undefined);
  await new Promise<void>((resolve) => process.stdin.resume().once('end', resolve));
  process.stdout.write(`${JSON.stringify(await loop.stop())}\n`);
}
