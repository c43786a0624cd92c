/** Hand edits: told from changes of ours, and shown as the lines that applying would replace. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { describeChanges } from '../../../src/engine/describe.ts';
import { driftOf, handEditLines, objectPath } from '../../../src/engine/hand-edit.ts';
import { pathsToShow, plan } from '../../../src/engine/plan.ts';
import { sha256 } from '../../../src/engine/plan-files.ts';
import { file } from '../../../src/resources/index.ts';
import { aDirectory, desired, managed, observation, present } from './build.ts';

const lines = (present: string, written: string, wanted?: string): Promise<readonly string[]> =>
  handEditLines({
    present: Buffer.from(present),
    written: Buffer.from(written),
    ...(wanted === undefined ? {} : { desired: Buffer.from(wanted) }),
  });

describe('the lines of a hand edit', () => {
  test('are those that go, and those that the hand took out and that come back', async () => {
    expect(await lines('a\nlog\nb\n', 'a\nb\nc\n')).toEqual(['- log', '+ c']);
  });

  test('are not those that the description has taken over', async () => {
    expect(await lines('a\nlog\nb\n', 'a\nb\n', 'a\nlog\nb\n')).toEqual([]);
    expect(await lines('a\nlog\nx\nb\n', 'a\nb\nc\n', 'a\nlog\nb\nnew\n')).toEqual(['- x']);
  });

  test('are all lines when everything was written anew', async () => {
    expect(await lines('x\n', 'a\nb\n', 'a\nb\n')).toEqual(['- x', '+ a', '+ b']);
  });

  test('of a binary file are its sizes, and cannot be told when the host has forgotten what was written', async () => {
    expect(await lines('\0x', 'abc')).toEqual(['  binary, 3 → 2 bytes by hand']);
    const [forgotten] = await handEditLines({ present: Buffer.from('a'), written: undefined });
    expect(forgotten).toContain('no longer kept');
  });

  test('never name a line that stays', async () => {
    const text = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 8 }).map((all) => all.join('\n'));
    await fc.assert(
      fc.asyncProperty(text, text, async (now, ours) => {
        const told = await lines(now, ours, now);
        expect(told).toEqual([]);
      }),
    );
  });
});

describe('a plan over a file that was edited by hand', () => {
  const seen = observation({ paths: { '/etc/a': present('ours\nhand\n') }, managed: [managed('/etc/a', 'ours\n')] });
  const contents = new Map([
    ['/etc/a', Buffer.from('ours\nhand\n')],
    [objectPath(sha256('ours\n')), Buffer.from('ours\n')],
  ]);

  test('asks for the present content and for what we had written, in one go', () => {
    const changes = plan({
      desired: desired(file('/etc/a', { content: 'new\n' })),
      observation: seen,
      serials: new Map(),
    });
    expect(pathsToShow(changes)).toEqual(['/etc/a', objectPath(sha256('ours\n'))]);
  });

  test('shows the diff of what comes, the lines of the hand, and when', async () => {
    const changes = plan({
      desired: desired(file('/etc/a', { content: 'new\n' })),
      observation: seen,
      serials: new Map(),
    });
    const [report] = await describeChanges(changes, contents);
    expect(report).toEqual({
      resource: 'file:/etc/a',
      action: 'update',
      diff: ['- ours', '- hand', '+ new'],
      handEdit: ['- hand'],
      handEditAt: '1970-01-01T00:00:00.000Z',
    });
  });

  test('is no hand edit when what stands there is what we wrote', async () => {
    const changes = plan({
      desired: desired(file('/etc/a', { content: 'new\n' })),
      observation: observation({ paths: { '/etc/a': present('ours\n') }, managed: [managed('/etc/a', 'ours\n')] }),
      serials: new Map(),
    });
    expect(pathsToShow(changes)).toEqual(['/etc/a']);
    const [report] = await describeChanges(changes, new Map([['/etc/a', Buffer.from('ours\n')]]));
    expect(report).not.toHaveProperty('handEdit');
  });

  test('is told also of a file that goes', async () => {
    const changes = plan({ desired: desired(), observation: seen, serials: new Map() });
    const [report] = await describeChanges(changes, contents);
    expect(report).toMatchObject({ action: 'delete', handEdit: ['- hand'] });
  });

  test('says that a file of ours was deleted, and that a mode was changed, by hand', async () => {
    const wanted = desired(file('/etc/a', { content: 'ours\n' }), file('/etc/b', { content: 'b\n' }));
    const changes = plan({
      desired: wanted,
      observation: observation({
        paths: { '/etc/b': present('b\n', { mode: 0o600 }) },
        managed: [managed('/etc/a', 'ours\n'), managed('/etc/b', 'b\n')],
      }),
      serials: new Map(),
    });
    const reports = await describeChanges(changes, new Map([['/etc/b', Buffer.from('b\n')]]));
    expect(reports.map(({ detail }) => detail)).toEqual([
      'was deleted on the host by hand',
      'mode 0600 → 0644 (changed on the host by hand)',
    ]);
  });
});

test('drift is told by its kind', () => {
  const entry = managed('/etc/a', 'ours\n');
  expect(driftOf(entry, present('ours\n'))).toBeUndefined();
  expect(driftOf(entry, present('hand\n'))).toBe('edited');
  expect(driftOf(entry, present('ours\n', { owner: 'core' }))).toBe('attributes');
  expect(driftOf(entry, undefined)).toBe('deleted');
  expect(driftOf(entry, aDirectory)).toBe('replaced');
  expect(driftOf({ ...entry, kind: 'directory', mode: 0o755 }, aDirectory)).toBeUndefined();
});
