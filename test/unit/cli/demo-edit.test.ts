/** The record that the demo changes. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { editOneRecord } from '../../../src/cli/demo-edit.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'coreos-infra-edit-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test('www gets the next address, and nothing else changes', () => {
  const before =
    '$TTL 60\n@ IN SOA ns1 h 1 1 1 1 1\nns1 IN A 192.0.2.1\nmail IN A 192.0.2.80\nwww 60 IN A 192.0.2.80\n';
  writeFileSync(join(dir, 'db.example.com'), before);
  expect(editOneRecord(dir)).toEqual({ name: 'www.example.com', before: '192.0.2.80', after: '192.0.2.81' });
  expect(readFileSync(join(dir, 'db.example.com'), 'utf8')).toBe(
    before.replace('www 60 IN A 192.0.2.80', 'www 60 IN A 192.0.2.81'),
  );
});

test('without www another host does, but no name server, and in the first zone that has one', () => {
  writeFileSync(join(dir, 'db.2.0.192.in-addr.arpa'), '1 IN PTR ns1.example.com.\n');
  writeFileSync(join(dir, 'db.example.com'), 'ns1 IN A 192.0.2.1\nprinter IN A 192.0.2.254\n');
  expect(editOneRecord(dir)).toEqual({ name: 'printer.example.com', before: '192.0.2.254', after: '192.0.2.253' });
});

test('zones without an address record are said to be that', () => {
  writeFileSync(join(dir, 'db.example.com'), '@ IN NS ns1\nns1 IN A 192.0.2.1\n');
  expect(() => editOneRecord(dir)).toThrow(/no zone .* has an A record/);
});
