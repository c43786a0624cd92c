/** The options of `run <playbook>`: Ansible's names and meanings, and ours. */
import { type Command, InvalidArgumentError, Option } from 'commander';

export interface PlaybookFlags {
  readonly inventory?: string;
  readonly limit?: string;
  readonly check?: true;
  readonly diff?: true;
  readonly tags?: readonly string[];
  readonly skipTags?: readonly string[];
  readonly extraVars?: readonly string[];
  readonly forks: number;
  /** How often -v was given. */
  readonly verbose: number;
  readonly listHosts?: true;
  readonly listTasks?: true;
  readonly json?: true;
  /** `junit=FILE`, `markdown=FILE` */
  readonly report?: readonly string[];
  readonly lab?: true;
  readonly labName?: string;
  readonly yes?: true;
  readonly confirmWithin: number;
  readonly waitLock: number;
  readonly forceUnsafe?: true;
}

const SELECT = 'Which hosts and what:';
const HOW = 'How:';
const SHOW = 'What is shown:';
const LAB = 'Rehearse:';

function options(): readonly Option[] {
  return [
    option('-i, --inventory <path>', 'inventory folder or file (default: ./inventory)', SELECT),
    option('-l, --limit <pattern>', "only these hosts of the play: 'ns1', 'dns:!ns2', 'ns*'", SELECT),
    option('-t, --tags <tags>', 'only roles with one of these tags or names (comma-separated)', SELECT).argParser(list),
    option('--skip-tags <tags>', 'not the roles with one of these tags or names', SELECT).argParser(list),
    option('-e, --extra-vars <vars>', 'key=value, JSON, or @file; wins over the inventory', SELECT).argParser(append),
    option('-C, --check', 'plan only: say what would change, touch nothing', HOW),
    option('-f, --forks <n>', 'hosts talked to at the same time', HOW).argParser(integer(1)).default(10),
    option('--yes', 'do not ask before hosts are changed', HOW),
    option('--confirm-within <seconds>', 'a host undoes by itself what was not confirmed for so long', HOW)
      .argParser(integer(5))
      .default(120),
    option('--wait-lock <seconds>', 'wait so long for a host that another run holds', HOW)
      .argParser(integer(0))
      .default(0),
    option('--force-unsafe', 'change a host although its peers do not serve', HOW),
    option('-D, --diff', 'show each change line by line', SHOW),
    option('-v, --verbose', 'say more; -vv: every step', SHOW)
      .argParser((_value, previous: number) => previous + 1)
      .default(0),
    option('--list-hosts', 'print the hosts and stop', SHOW),
    option('--list-tasks', 'print roles, tags and resources and stop', SHOW),
    option('--json', 'events as lines of JSON on stdout; the last is the summary', SHOW),
    option('--report <format=file>', 'also write junit=FILE or markdown=FILE; may be repeated', SHOW).argParser(append),
    option('--lab', "against the lab's copy of the inventory (run lab up)", LAB),
    option('--lab-name <name>', 'which lab (default: the one of this checkout); implies --lab', LAB),
  ];
}

function option(flags: string, description: string, group: string): Option {
  return new Option(flags, description).helpGroup(group);
}

/** Adds them to a command. Defaults that go without saying are not printed. */
export function addPlaybookOptions(command: Command): Command {
  for (const one of options()) {
    if (one.long === '--verbose') one.defaultValueDescription = 'quiet';
    command.addOption(one);
  }
  return command;
}

/** Options that are followed by a value, so that words in front of the command can be told apart. */
export function takesValue(word: string): boolean {
  return options().some((one) => one.required && (one.short === word || one.long === word));
}

function list(value: string, previous: readonly string[] | undefined): readonly string[] {
  const words = value.split(',').map((word) => word.trim());
  if (words.includes('')) throw new InvalidArgumentError('Give names, separated by commas.');
  return [...(previous ?? []), ...words];
}

function append(value: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), value];
}

function integer(least: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (!/^\d+$/.test(value) || number < least)
      throw new InvalidArgumentError(`Give a whole number, ${least} or more.`);
    return number;
  };
}
