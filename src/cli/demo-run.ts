/** The demo: a short story in the program's own commands. It asks nothing, and ends as soon as one of them fails. */
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assetPath } from '../assets.ts';
import { EXIT, type ExitCode } from '../errors.ts';
import { styleFor } from '../report/terminal-style.ts';
import { duration } from '../report/words.ts';
import { commandName, inventoryPath, labNameOption, type Project } from './context.ts';
import { type Edit, editOneRecord } from './demo-edit.ts';
import { askHosts, type Question } from './demo-query.ts';

export async function runDemo(project: Project, labOption: string | undefined): Promise<ExitCode> {
  return new Demo(project, labOption).run();
}

class Demo {
  private readonly project: Project;
  private readonly labName: string | undefined;
  private readonly style = styleFor(process.stdout, process.env);
  private readonly startedMs = performance.now();
  private failedWith: ExitCode | undefined;

  constructor(project: Project, labOption: string | undefined) {
    this.project = project;
    this.labName = labNameOption(labOption);
  }

  async run(): Promise<ExitCode> {
    // A child that is interrupted ends by itself; we end after it.
    const interrupted = (): void => {
      this.failedWith = EXIT.interrupted;
    };
    process.on('SIGINT', interrupted);
    const copy = mkdtempSync(join(tmpdir(), 'coreos-infra-demo-'));
    try {
      return await this.tell(copy);
    } finally {
      process.off('SIGINT', interrupted);
      rmSync(copy, { recursive: true, force: true });
    }
  }

  private async tell(copy: string): Promise<ExitCode> {
    this.chapter('Two CoreOS-like hosts on this machine (real systemd, sshd, podman and ostree)');
    if (!(await this.command('lab', 'up', '--install-deps'))) return this.end();

    this.chapter('CoreDNS on both of them, with the zones of inventory/zones');
    if (!(await this.command('deploy-dns', '--lab'))) return this.end();

    const inventory = join(copy, 'inventory');
    cpSync(inventoryPath(this.project), inventory, { recursive: true });
    const edit = editOneRecord(join(inventory, 'zones'));
    if (!(await this.ask({ ...edit, expect: edit.before }))) return this.end();

    this.chapter(`One record changed, in a copy of the inventory: ${edit.name} ${edit.before} → ${edit.after}`);
    const isDeployed = await this.command('deploy-dns', '--lab', '--diff', '-i', inventory);
    const isAnswered = isDeployed && (await this.ask({ ...edit, expect: edit.after }));

    this.chapter('And back to what the inventory describes');
    const isRestored = await this.command('deploy-dns', '--lab');
    if (!isAnswered || !isRestored || !(await this.ask({ ...edit, expect: edit.before }))) return this.end();

    this.chapter('Once more: nothing to do');
    if (await this.command('deploy-dns', '--lab')) this.whatNext(edit);
    return this.end();
  }

  private chapter(title: string): void {
    process.stdout.write(`\n${this.style.paint('bold', `── ${title}`)}\n`);
  }

  /** Runs one of our own commands with our own terminal, but no stdin: nothing can wait for an answer. */
  private async command(...words: readonly string[]): Promise<boolean> {
    if (this.failedWith !== undefined) return false;
    const args = this.labName === undefined ? words : [...words, '--lab-name', this.labName];
    process.stdout.write(`${this.style.paint('cyan', `$ ${commandName()} ${args.join(' ')}`)}\n`);
    const child = spawn(process.execPath, [assetPath('dist/cli.js'), ...args], {
      stdio: ['ignore', 'inherit', 'inherit'],
      cwd: this.project.dir,
    });
    const code = await new Promise<number>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (status) => resolve(status ?? EXIT.interrupted));
    });
    if (code !== 0) this.failedWith ??= code as ExitCode; // our own commands end with our own codes
    return code === 0;
  }

  /** Queries each host itself, over UDP and TCP. */
  private async ask(question: Question): Promise<boolean> {
    if (this.failedWith !== undefined) return false;
    const answers = await askHosts(this.project, this.labName, question);
    for (const { host, address, text, isRight } of answers) {
      process.stdout.write(
        `  ${this.style.paint(isRight ? 'green' : 'red', isRight ? '✔' : '✖')} ${host} (${address}): ${text}\n`,
      );
    }
    const isRight = answers.length > 0 && answers.every((answer) => answer.isRight);
    if (!isRight) this.failedWith = EXIT.failed;
    return isRight;
  }

  private whatNext({ name }: Edit): void {
    const lab = this.labName === undefined ? '' : ` --lab-name ${this.labName}`;
    const run = commandName();
    const hints = [
      ['what would an edit change?', `$EDITOR inventory/zones/db.*; ${run} deploy-dns --lab --check --diff${lab}`],
      ['a host goes away', `${run} lab cut ns2${lab}; ${run} deploy-dns --lab${lab}; ${run} lab heal ns2${lab}`],
      ['look around on a host', `${run} lab ssh ns1${lab}`],
      ['ask it yourself', `dig @ADDRESS ${name}   (addresses: ${run} lab status${lab})`],
      ['a repository of your own', `${run} init ~/my-dns`],
      ['when you are done', `${run} lab down${lab}`],
    ] as const;
    this.chapter('Try next');
    for (const [what, command] of hints) process.stdout.write(`  ${what.padEnd(27)} ${command}\n`);
  }

  private end(): ExitCode {
    const code = this.failedWith ?? EXIT.ok;
    const took = duration(performance.now() - this.startedMs);
    process.stdout.write(
      code === EXIT.ok
        ? `\nDemo done in ${took}; the lab is left running.\n`
        : `\nThe demo stopped after ${took}: see above. exit ${code}\n`,
    );
    return code;
  }
}
