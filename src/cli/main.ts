/** The command `run`: which commands there are, and how any of them ends. */
import { Command, CommanderError } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { EXIT, type ExitCode } from '../errors.ts';
import { listPlaybooks } from '../playbook/find.ts';
import { firstOperand, operandsFirst } from './argv.ts';
import { findProject, type Project } from './context.ts';
import { registerCopy } from './copy.ts';
import { registerDemo } from './demo.ts';
import { UsageError } from './errors.ts';
import { registerExec } from './exec.ts';
import { reportFailure } from './failure.ts';
import { registerFetch } from './fetch.ts';
import { registerHistory } from './history.ts';
import { registerInit } from './init.ts';
import { registerInventory } from './inventory.ts';
import { registerLab } from './lab.ts';
import { registerOperator } from './operator.ts';
import { PLAYBOOKS, registerPlaybooks } from './playbook.ts';
import { takesValue } from './playbook-options.ts';
import { registerSchedule } from './schedule.ts';
import { registerSsh } from './ssh.ts';
import { unknownName } from './unknown-name.ts';
import { registerReboots } from './upgrade.ts';

/** Runs one command line; sets the exit code of the process and never throws. */
export async function main(argv: readonly string[]): Promise<void> {
  endQuietlyOnClosedPipe();
  process.exitCode = await runCommand(operandsFirst(argv, takesValue));
}

async function runCommand(argv: readonly string[]): Promise<ExitCode> {
  const project = findProject();
  const program = buildProgram(project);
  try {
    if (argv.length === 0) {
      program.outputHelp();
      return EXIT.usage; // a script whose $PLAYBOOK is empty must not look like a success
    }
    refuseUnknownCommand(program, argv, project);
    await program.parseAsync(argv, { from: 'user' });
    return (process.exitCode as ExitCode | undefined) ?? EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
    const failure = error instanceof CommanderError ? usageError(error, argv) : error;
    if (argv.includes('--json') && isAboutRun(program, argv)) await printJsonFailure(argv[0] ?? '', failure);
    return reportFailure(failure);
  }
}

function buildProgram(project: Project): Command {
  const program = new Command('run');
  program
    .description(packageJson.description)
    .usage('<playbook> [options]\n       run <command> …')
    .version(`coreos-infra ${packageJson.version}`, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this, or the help of a command')
    .helpCommand('help [name]', 'help of a command or playbook')
    .exitOverride()
    .configureOutput({ outputError: () => {} }) // reportFailure says it
    .configureHelp({
      subcommandTerm: (command) => command.name(),
      subcommandDescription: (command) => command.description().split('\n')[0] ?? '',
    });
  registerPlaybooks(program, project);
  program.commandsGroup('Commands:');
  registerOperator(program, project);
  registerReboots(program, project);
  registerHistory(program, project);
  registerSchedule(program, project);
  registerInventory(program, { project });
  registerExec(program, { project });
  registerCopy(program, { project });
  registerFetch(program, { project });
  registerSsh(program, { project });
  registerLab(program, { project });
  registerDemo(program, project);
  registerInit(program);
  program.addHelpText('after', FOOTER);
  return program;
}

const FOOTER = `
Exit codes: 0 done and verified · 1 wrong usage, inventory or playbook, nothing touched · 2 a host failed or was
refused · 3 a host's state is unknown · 4 unreachable · 5 locked by another run · 130 interrupted
Options of a playbook: run help <playbook>`;

/** Commander's own message knows commands only; ours knows playbooks, reserved names and the folder that was searched. */
function refuseUnknownCommand(program: Command, argv: readonly string[], project: Project): void {
  const first = firstOperand(argv, takesValue);
  if (first === undefined) return;
  const name = first.word === 'help' ? argv.slice(first.index + 1).find((word) => !word.startsWith('-')) : first.word;
  const known = [...program.commands.map((command) => command.name()), 'help'];
  if (name === undefined || known.includes(name)) return;
  throw unknownName(name, { commands: known, playbooks: listPlaybooks(project.dir), projectDir: project.dir });
}

/** Commands that are runs, as playbooks are. */
const RUNS: ReadonlySet<string> = new Set(['reboot', 'rollback', 'revert']);

/** Commands have their own form of --json; with a playbook, with what might have been one, and with a run, the last line is a summary. */
function isAboutRun(program: Command, [name = '']: readonly string[]): boolean {
  const command = program.commands.find((one) => one.name() === name);
  return command === undefined || command.helpGroup() === PLAYBOOKS || RUNS.has(name);
}

async function printJsonFailure(name: string, failure: unknown): Promise<void> {
  const { failureLine } = await import('./json-failure.ts');
  process.stdout.write(failureLine(name, failure));
}

/** `error: unknown option '--limt'\n(Did you mean --limit?)` as one of our own errors. */
function usageError(error: CommanderError, argv: readonly string[]): UsageError {
  const [message = '', hint] = error.message.replace(/^error: /, '').split('\n');
  const command = argv.filter((word) => /^[\w-]+$/.test(word) && !word.startsWith('-'))[0];
  const help = command === undefined ? 'run --help' : `run ${command} --help`;
  return new UsageError(hint === undefined ? message : `${message} ${hint}`, { remedy: `See: ${help}`, cause: error });
}

/** `run … | head`: whoever reads our output may stop reading. */
function endQuietlyOnClosedPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}
