import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChangeSet } from '../../../src/engine/change-set.ts';
import { encodeBundle } from '../../../src/host/bundle.ts';
import { HostRequestError } from '../../../src/host/errors.ts';
import { helperVersion } from '../../../src/host/helper.ts';
import { PrivateRoot } from './private-root.ts';
import { unpack } from './unpack.ts';

const EMPTY: ChangeSet = {
  id: 'abcdef012345',
  run: 'run-1',
  owner: 'me@desk',
  bootId: 'boot-1',
  confirmWithinSec: 30,
  directories: [],
  files: [],
  quadlets: [],
  images: [],
  validations: [],
  daemonReload: false,
  units: [],
  commands: [],
  managed: [],
  serials: [],
};
const file = (path: string, content: string | null = 'x') => ({
  path,
  content: content === null ? null : Buffer.from(content),
  mode: 0o644,
  owner: 'root',
  group: 'root',
  before: null,
});

async function members(changeSet: ChangeSet): Promise<ReadonlyMap<string, Buffer>> {
  const { bytes } = encodeBundle(changeSet, { token: 'token-1' });
  return new Map((await unpack(bytes)).map(({ name, content }) => [name, content]));
}

describe('encodeBundle', () => {
  let root: PrivateRoot;
  beforeAll(() => {
    root = new PrivateRoot();
  });
  afterAll(() => root.remove());

  /** What plan.sh makes of the plan. */
  async function read(changeSet: ChangeSet, script: string): Promise<string[]> {
    const plan = join(root.folder, 'plan');
    writeFileSync(plan, (await members(changeSet)).get('plan') ?? '');
    return root.run(`read_plan "$1" || echo unreadable; ${script}`, [plan]).split('\0').slice(0, -1);
  }

  it('names the installed helper by its version and its hash, and gives the lease to the host', () => {
    const { command } = encodeBundle(EMPTY, { token: 'token-1' });
    expect(command).toContain('systemd-run');
    expect(command).toContain('--unit=coreos-infra-apply-abcdef012345');
    expect(command).toContain(`${helperVersion()} apply `);
    expect(command.endsWith('abcdef012345 token-1')).toBe(true);
  });

  it('is read by the host as it was meant, with any paths, owners and scripts', async () => {
    const name = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
      .map((value) => value.replaceAll(/[/\0]/g, '_'))
      .filter((value) => value !== '.' && value !== '..');
    const before = fc.option(
      fc.record({
        sha256: fc.constant('b'.repeat(64)),
        mode: fc.integer({ min: 0, max: 0o7777 }),
        owner: fc.constantFrom('root', 'core'),
        group: name,
      }),
    );
    const change = fc.record({
      folder: fc.constantFrom('/etc/a', '/etc/a b', '/var/lib/x'),
      name,
      content: fc.option(fc.string()),
      mode: fc.integer({ min: 0, max: 0o7777 }),
      owner: name,
      before,
    });
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(change, { maxLength: 5, selector: ({ folder, name: base }) => `${folder}/${base}` }),
        name,
        async (changes, script) => {
          const files = changes.map((each) => ({
            path: `${each.folder}/${each.name}`,
            content: each.content === null ? null : Buffer.from(each.content),
            mode: each.mode,
            owner: each.owner,
            group: 'root',
            before: each.before,
          }));
          const changeSet: ChangeSet = {
            ...EMPTY,
            files,
            commands: [
              { id: 'command:b', script, timeoutSec: 2.5, step: 9 },
              { id: 'command:a', script: 'x', undo: script, timeoutSec: 1, step: 1 },
            ],
            validations: [
              {
                name: script,
                argv: ['/bin/x', script, '{dir}'],
                timeoutSec: 3,
                preview: [{ path: '/etc/a', as: 'b/c' }],
                scratch: [{ as: 'd', content: script }],
              },
            ],
            units: [{ unit: 'a.service', action: 'reload', when: 'after', settleSec: 0.5 }],
            serials: [{ zone: 'example.com', serial: 4294967295 }],
            daemonReload: true,
          };
          const seen = await read(
            changeSet,
            `for i in "\${!F_PATH[@]}"; do printf '%s\\0' "\${F_PATH[i]}" "\${F_SHA[i]:+new}" "\${F_MODE[i]}" "\${F_OWNER[i]}" "\${B_SHA[i]}" "\${B_MODE[i]}" "\${B_GROUP[i]}"; done
           at=\${V_AT[0]}; printf '%s\\0' "\${H[id]}" "\${H[within]}" "\${H[token]}" "\${C_ID[@]}" "\${C_UNDO[@]}" "\${C_SCRIPT[@]}" "\${C_SECONDS[@]}" "\${V_NAME[0]}" "\${R[at+5]}" "\${U_SETTLE[0]}" "\${S_SERIAL[0]}" "$RELOAD"`,
          );
          const expected = files.flatMap((each) => [
            each.path,
            each.content === null ? '' : 'new',
            each.mode.toString(8),
            each.owner,
            each.before?.sha256 ?? '',
            each.before?.mode.toString(8) ?? '',
            each.before?.group ?? '',
          ]);
          expect(seen).toEqual([
            ...expected,
            'abcdef012345',
            '30',
            'token-1',
            'command:a',
            'command:b',
            script,
            '',
            'x',
            script,
            '1',
            '3',
            script,
            script,
            '1',
            '4294967295',
            '1',
          ]);
        },
      ),
      { numRuns: 15 },
    );
  });

  it('sends each new file where it is staged, and its content once by hash', async () => {
    const files = [
      file('/etc/a/x', 'same'),
      file('/etc/a/y', 'same'),
      file('/var/lib/b/x', 'other'),
      file('/etc/gone', null),
    ];
    const names = [...(await members({ ...EMPTY, files })).keys()];
    expect(names.slice(0, 6)).toEqual(['plan', 'managed', 'new/0/x', 'new/0/y', 'new/1/x', 'objects/']);
    expect(names.slice(6)).toHaveLength(2);
  });

  it('is refused by the host when it has a record that the helper does not know', async () => {
    const plan = join(root.folder, 'plan');
    const known = (await members(EMPTY)).get('plan') ?? Buffer.alloc(0);
    writeFileSync(plan, Buffer.concat([known, Buffer.from('later\0x\0')]));
    expect(root.run('read_plan "$1" || echo unreadable', [plan])).toBe('unreadable\n');
    writeFileSync(plan, '');
    expect(root.run('read_plan "$1" || echo unreadable', [plan])).toBe('unreadable\n');
  });

  it('refuses paths and names that would land elsewhere', () => {
    const refused = (changeSet: Partial<ChangeSet>): void =>
      expect(() => encodeBundle({ ...EMPTY, ...changeSet }, { token: 't' })).toThrow(HostRequestError);
    for (const path of ['etc/x', '/etc/../x', '/etc//x', '/etc/', '/etc/a\0b']) refused({ files: [file(path)] });
    for (const as of ['', '/x', '../x', 'a/../x', 'a//b', 'a/']) {
      const validation = { name: 'v', argv: ['x'], timeoutSec: 1, preview: [], scratch: [] };
      refused({ validations: [{ ...validation, preview: [{ path: '/etc/x', as }] }] });
      refused({ validations: [{ ...validation, scratch: [{ as, content: '' }] }] });
    }
    refused({ commands: [{ id: 'c', script: 'a\0b', timeoutSec: 1, step: 1 }] });
  });
});
