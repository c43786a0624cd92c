/** A word that is neither command nor playbook. */
import { expect, test } from 'vitest';
import { nearest, unknownName } from '../../../src/cli/unknown-name.ts';

const known = {
  commands: ['lab', 'inventory', 'help'],
  playbooks: [{ name: 'deploy-dns', path: '/p/playbooks/deploy-dns.ts' }],
  projectDir: '/p',
};

test('the nearest name is offered, and all are listed', () => {
  expect(unknownName('deploy-dsn', known)).toMatchObject({
    message: "there is no playbook or command 'deploy-dsn'; did you mean 'deploy-dns'?",
    remedy: expect.stringContaining('Playbooks in /p/playbooks: deploy-dns.'),
  });
});

test('nothing is offered that has nothing in common', () => {
  expect(unknownName('xyzzy', known).message).toBe("there is no playbook or command 'xyzzy'");
  expect(nearest('a', [])).toBeUndefined();
});

test('the name of a later command is said to be that', () => {
  expect(unknownName('rollback', known).message).toContain('reserved name');
});

test('a folder without playbooks says how to begin', () => {
  expect(unknownName('deploy-dns', { ...known, playbooks: [] }).remedy).toContain('run init');
});
