/** -e/--extra-vars. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseExtraVars } from '../../../src/cli/extra-vars.ts';

test('key=value gives numbers, booleans and text', async () => {
  expect(await parseExtraVars(['a=1 b=true c=x d="1" e=\'2\' f="two words" g=null h=192.0.2.1'])).toEqual({
    a: 1,
    b: true,
    c: 'x',
    d: '1',
    e: '2',
    f: 'two words',
    g: null,
    h: '192.0.2.1',
  });
});

test('lists and maps are JSON', async () => {
  expect(await parseExtraVars(['forwarders=["192.0.2.1","192.0.2.2"]', '{"zone": {"ttl": 60}}'])).toEqual({
    forwarders: ['192.0.2.1', '192.0.2.2'],
    zone: { ttl: 60 },
  });
});

test('the last one wins', async () => {
  expect(await parseExtraVars(['a=1', '{"a": 2}', 'a=3'])).toEqual({ a: 3 });
});

test('@file is YAML or JSON', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'coreos-infra-vars-'));
  writeFileSync(join(folder, 'a.yaml'), 'a: 1\nb: [x, y]\n');
  writeFileSync(join(folder, 'b.json'), '{"c": true}');
  writeFileSync(join(folder, 'bad.yaml'), 'a: 1\n b: 2\n');
  writeFileSync(join(folder, 'list.yaml'), '- a\n');
  expect(await parseExtraVars([`@${folder}/a.yaml`, `@${folder}/b.json`])).toEqual({ a: 1, b: ['x', 'y'], c: true });
  await expect(parseExtraVars([`@${folder}/bad.yaml`])).rejects.toMatchObject({
    code: 'E_USAGE',
    where: { line: expect.any(Number) },
  });
  await expect(parseExtraVars([`@${folder}/list.yaml`])).rejects.toMatchObject({
    message: expect.stringContaining('not a map'),
  });
  await expect(parseExtraVars([`@${folder}/none.yaml`])).rejects.toMatchObject({
    message: expect.stringContaining('cannot be read'),
  });
});

test.each(['novalue', '=x', '1a=b', '{"a": }', '{"a": 1'])('%s is refused and quoted', async (text) => {
  await expect(parseExtraVars([text])).rejects.toMatchObject({
    code: 'E_USAGE',
    message: expect.stringContaining(text),
  });
});
