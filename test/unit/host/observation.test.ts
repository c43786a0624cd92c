import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HostAnswerError, HostRequestError } from '../../../src/host/errors.ts';
import { encodeManaged } from '../../../src/host/managed.ts';
import { encodeFetch, encodeObserve, parseFetch, parseObservation } from '../../../src/host/wire.ts';

const SHA = 'a'.repeat(64);
const fields = (...values: readonly string[]): string => values.map((value) => `${value}\0`).join('');
const FACTS = fields('facts', 'boot-1', '44.20261101.3.0', 'fedora', 'ns1', '1', '100.25', 'abc');
const answer = (...records: readonly string[]): Buffer =>
  Buffer.from(`${fields('coreos-infra', '1')}${records.join('')}${fields('end')}`);

const MANAGED = [
  {
    role: 'coredns',
    kind: 'zone',
    path: '/etc/a\nb',
    sha256: SHA,
    mode: 0o644,
    owner: 'root',
    group: 'root',
    unit: '',
  },
  {
    role: 'coredns',
    kind: 'directory',
    path: '/etc/d',
    sha256: '',
    mode: 0o755,
    owner: 'root',
    group: 'root',
    unit: '',
  },
] as const;

const FULL = answer(
  fields('path', 'f', '644', 'root', 'root', '12', '1795205635.1234567', '', '/etc/a\nb'),
  fields('path', 'd', '1777', 'root', 'root', '4096', '1795205635.0', '', '/tmp'),
  fields('path', 'l', '777', 'root', 'root', '3', '1795205635.0', '../x', '/etc/link'),
  fields('path', 'p', '600', 'core', 'core', '0', '1795205635.0', '', '/run/fifo'),
  fields(`${SHA}  /etc/a\nb`),
  FACTS,
  fields('zone', '/etc/db.example.com', '2026112001'),
  fields('generation', '7'),
  fields('managed', '16') + encodeManaged(MANAGED),
  fields('serial', '64/26.2.0.192.in-addr.arpa', '4294967295'),
  fields('slot', 'abcdef012345', 'config', 'applied', 'run-1', 'me@desk', '130'),
  fields('lease', 'me@desk', 'run-1', 'deploy-dns on ns1', '90', '60'),
  fields('unit', 'coredns.service', 'loaded', 'active', 'running', 'generated', 'no', '3'),
  fields('unit', 'none.service', 'not-found', 'inactive', 'dead', '', 'yes', ''),
  fields('image', 'docker.io/coredns/coredns:1.15.0'),
  fields('command', 'command:x', '1'),
  fields('command', 'command:y', '0'),
);

describe('parseObservation', () => {
  it('reads every record', () => {
    const seen = parseObservation(FULL);
    expect(Object.fromEntries(seen.paths)).toEqual({
      '/etc/a\nb': {
        type: 'file',
        mode: 0o644,
        owner: 'root',
        group: 'root',
        size: 12,
        mtime: 1795205635,
        sha256: SHA,
      },
      '/tmp': { type: 'directory', mode: 0o1777, owner: 'root', group: 'root', size: 4096, mtime: 1795205635 },
      '/etc/link': {
        type: 'symlink',
        mode: 0o777,
        owner: 'root',
        group: 'root',
        size: 3,
        mtime: 1795205635,
        target: '../x',
      },
      '/run/fifo': { type: 'other', mode: 0o600, owner: 'core', group: 'core', size: 0, mtime: 1795205635 },
    });
    expect(seen.facts).toEqual({
      bootId: 'boot-1',
      osVersion: '44.20261101.3.0',
      osId: 'fedora',
      hostname: 'ns1',
      ostreeBooted: true,
      uptimeSec: 100.25,
      helperVersion: 'abc',
    });
    expect(seen.units.get('coredns.service')).toEqual({
      load: 'loaded',
      active: 'active',
      sub: 'running',
      unitFile: 'generated',
      needDaemonReload: false,
      restarts: 3,
    });
    expect(seen.units.get('none.service')).toMatchObject({ needDaemonReload: true, restarts: 0 });
    expect([...seen.images]).toEqual(['docker.io/coredns/coredns:1.15.0']);
    expect(Object.fromEntries(seen.commandsSatisfied)).toEqual({ 'command:x': true, 'command:y': false });
    expect(seen.zoneSerials.get('/etc/db.example.com')).toBe(2026112001);
    expect(seen.highestSerials.get('64/26.2.0.192.in-addr.arpa')).toBe(4294967295);
    expect(seen.generation).toBe(7);
    expect(seen.managed).toEqual(MANAGED);
    expect(seen.slot).toEqual({
      id: 'abcdef012345',
      kind: 'config',
      state: 'applied',
      run: 'run-1',
      owner: 'me@desk',
      deadlineInSec: 30,
    });
    expect(seen.lease).toEqual({
      owner: 'me@desk',
      run: 'run-1',
      purpose: 'deploy-dns on ns1',
      expiresInSec: -10,
      heldForSec: 40,
    });
  });

  it('takes a host without anything of ours', () => {
    const seen = parseObservation(answer(FACTS, fields('generation', '0')));
    expect(seen).toMatchObject({ generation: 0, managed: [] });
    expect(seen.slot).toBeUndefined();
    expect(seen.lease).toBeUndefined();
  });

  it('knows no deadline of a slot whose guard has not begun to count', () => {
    expect(parseObservation(answer(FACTS, fields('slot', 'x', 'os', 'armed', 'r', 'o', ''))).slot).toEqual({
      id: 'x',
      kind: 'os',
      state: 'armed',
      run: 'r',
      owner: 'o',
    });
  });

  it('refuses every answer that was cut off, wherever', () => {
    for (let length = 0; length < FULL.length; length += 1)
      expect(() => parseObservation(FULL.subarray(0, length)), `${length} bytes`).toThrow(HostAnswerError);
  });

  it('never throws anything but a HostAnswerError for garbage, and shows no control characters', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
          fc.array(fc.string(), { maxLength: 12 }).map((texts) => answer(fields(...texts))),
        ),
        (garbage) => {
          try {
            parseObservation(garbage);
          } catch (error) {
            expect(error).toBeInstanceOf(HostAnswerError);
            expect((error as HostAnswerError).message + (error as HostAnswerError).detail.join('')).not.toMatch(
              /[\u0000-\u001f\u007f-\u009f]/,
            );
          }
        },
      ),
    );
  });

  it('shows what a chatty login shell said, and asks for the same version of a foreign one', () => {
    const chatty = (): unknown => parseObservation(Buffer.from('Welcome to ns1!\n\u001b[2Jlast login: never\n'));
    expect(chatty).toThrow(
      expect.objectContaining({ detail: ['Welcome to ns1!', ' [2Jlast login: never'], exitCode: 2 }),
    );
    expect(() => parseObservation(Buffer.from(fields('coreos-infra', '2', 'end')))).toThrow(/version 2/);
    expect(() => parseObservation(Buffer.alloc(0))).toThrow(/answered nothing/);
  });
});

describe('encodeObserve and encodeFetch', () => {
  const nothing = { paths: [], units: [], images: [], commands: [], zonePaths: [] };

  it('refuse what is no path on a host, or holds a NUL byte', () => {
    for (const path of ['etc/passwd', '', '-x', '/a/../b', '/a/./b', '/a//b', '/a/', '/..', '/a\0b']) {
      expect(() => encodeObserve({ ...nothing, paths: [path] }), JSON.stringify(path)).toThrow(HostRequestError);
      expect(() => encodeFetch([path], 10), JSON.stringify(path)).toThrow(HostRequestError);
    }
    expect(() => encodeObserve({ ...nothing, commands: [{ id: 'x', unless: 'a\0b' }] })).toThrow(HostRequestError);
  });

  it('read what was fetched, byte by byte', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (content) => {
        const stdout = answer(
          fields('file', '/a', Buffer.from(content).toString('base64')),
          fields('absent', '/b'),
          fields('large', '/c', '99999'),
        );
        expect([...parseFetch(stdout)]).toEqual([['/a', Buffer.from(content)]]);
      }),
    );
  });
});
