/** `run <playbook>`: one command for every file in playbooks/. The file itself is loaded only when it is run. */
import type { Command } from 'commander';
import { firstComment, listPlaybooks, type PlaybookFile, UPGRADE_PLAYBOOK } from '../playbook/find.ts';
import { isReservedName } from '../playbook/reserved.ts';
import type { Project } from './context.ts';
import { addPlaybookOptions, type PlaybookFlags } from './playbook-options.ts';
import { registerUpgrade } from './upgrade.ts';

/** The heading of playbooks in the help. */
export const PLAYBOOKS = 'Playbooks:';

/** Files with the name of a command are not playbooks that can be run: the help says so, and loading one is an error. */
export function registerPlaybooks(program: Command, project: Project): void {
  program.commandsGroup(PLAYBOOKS);
  for (const playbook of listPlaybooks(project.dir)) {
    if (isReservedName(playbook.name)) {
      program.addHelpText('after', `\n${playbook.path} cannot be run: '${playbook.name}' is the name of a command.`);
    } else if (playbook.name === UPGRADE_PLAYBOOK) {
      registerUpgrade(program, playbook, project);
    } else {
      registerPlaybook(program, playbook, project);
    }
  }
}

function registerPlaybook(program: Command, playbook: PlaybookFile, project: Project): void {
  const command = program.command(playbook.name).description(firstComment(playbook.path)).usage('[options]');
  addPlaybookOptions(command).action(async (flags: PlaybookFlags) => {
    const { runPlaybookCommand } = await import('./playbook-run.ts');
    process.exitCode = await runPlaybookCommand(playbook, flags, project);
  });
}
