/** The scripts that ask chronyd, run by bash against a chronyc that answers what was captured from real ones. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sourceChosen, sourcesKnown } from '../../../../roles/chrony/commands.ts';
import { chronySettings } from '../../../../roles/chrony/settings.ts';
import { confValidation } from '../../../../roles/chrony/validation.ts';
import type { VarValue } from '../../../../src/inventory/model.ts';
import { contextOf } from './context.ts';

const vars = { servers: ['ntp1.example.net'], pools: ['2.fedora.pool.ntp.org'] };
const settingsOf = (given: Record<string, VarValue>) => chronySettings(contextOf(given));
const NEVER = '0,6,0,4294967295,0.000000000,0.000000000,0.000000000';
const POOL = `^,?,2.fedora.pool.ntp.org,${NEVER}\n`.repeat(4);
const ALL = `^,?,ntp1.example.net,${NEVER}\n=,?,192.0.2.12,0,4,1,4294967295,0.000000000,0.000000000,0.000000000\n${POOL}`;

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'chrony-commands-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Runs a script with a chronyc whose answers are given by argument line; others exit 1. `sleep` does not wait. */
function bash(script: string, answers: Readonly<Record<string, string>>) {
  const cases = Object.entries(answers).map(([args, text]) => `'${args}') printf %s '${text}' ;;`);
  program('chronyc', `case "$*" in\n${cases.join('\n')}\n*) echo '506 Cannot talk to daemon'; exit 1 ;;\nesac`);
  program('sleep', ':');
  const { status, stdout, stderr } = spawnSync('bash', ['-c', script], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: `${folder}:${process.env['PATH']}`, LC_ALL: 'C' },
  });
  return { status, stdout: stdout.trim(), stderr: stderr.trim() };
}
function program(name: string, body: string): void {
  writeFileSync(join(folder, name), `#!/bin/bash\n${body}\n`);
  chmodSync(join(folder, name), 0o755);
}

describe('the check of chronyd’s sources', () => {
  const { unless = '', script } = sourcesKnown(settingsOf(vars));
  const check = (list: string) => bash(unless, { '-N -c sources -a': list });

  it('is satisfied when chronyd knows exactly what is described, resolved or not', () => {
    expect(check(ALL)).toMatchObject({ status: 0, stderr: '' });
    expect(check(ALL.replace('^,?,ntp1.example.net,0,6,0', '^,*,ntp1.example.net,2,6,377'))).toMatchObject({
      status: 0,
    });
  });

  it('names a source that a reload has skipped', () => {
    expect(check(ALL.replace(/.*ntp1.*\n/, ''))).toMatchObject({
      status: 1,
      stderr: 'chronyd does not know the source ntp1.example.net',
    });
  });

  it('does not take a peer for a server, nor a name for a part of another', () => {
    expect(check(ALL.replace('=,?,192.0.2.12', '^,?,192.0.2.12')).status).toBe(1);
    expect(check(ALL.replace('ntp1.example.net', 'ntp1.example.net.evil')).status).toBe(1);
  });

  it('names a source that nobody described', () => {
    const answer = check(`${ALL}^,*,10.0.0.1,1,6,377,3,0.000000001,0.000000001,0.000000001\n`);
    expect(answer.status).toBe(1);
    expect(answer.stderr).toContain('chronyd also follows 10.0.0.1, which nobody described');
  });

  it('fails when chronyd does not answer', () => {
    expect(bash(unless, {})).toMatchObject({ status: 1, stderr: expect.stringContaining('Cannot talk to daemon') });
  });

  it('of no sources at all wants none', () => {
    const none = sourcesKnown(chronySettings(contextOf({}, { members: [] })));
    expect(bash(none.unless ?? '', { '-N -c sources -a': '' })).toMatchObject({ status: 0 });
    expect(bash(none.unless ?? '', { '-N -c sources -a': ALL }).status).toBe(1);
  });

  it('has chronyd read its files again, and is content when that is enough', () => {
    program('systemctl', 'echo restarted >&2; exit 1');
    const answer = bash(script, { 'reload sources': '200 OK', '-N -c sources -a': ALL });
    expect(answer).toMatchObject({ status: 0, stderr: '' });
  });

  it('restarts chronyd when a reload does not bring back what was taken out by hand, and judges anew', () => {
    const lost = ALL.replace(/.*ntp1.*\n/, '');
    program('systemctl', 'echo "$*" >&2');
    const answer = bash(script, { 'reload sources': '200 OK', '-N -c sources -a': lost });
    expect(answer.status).toBe(1);
    const [first, second, third] = answer.stderr.split('\n');
    expect([first, second, third]).toEqual([
      'chronyd does not know the source ntp1.example.net',
      'restart chronyd.service',
      'chronyd does not know the source ntp1.example.net',
    ]);
  });

  it('refuses to be built of an unchecked name', () => {
    const settings = settingsOf({ servers: ['a.example'] });
    const [source] = settings.upstreams;
    if (source === undefined) throw new Error('no source');
    expect(() => sourcesKnown({ ...settings, upstreams: [{ ...source, host: "a';id'" }] })).toThrow(TypeError);
  });
});

describe('the wait for a source', () => {
  const { script = '' } = sourceChosen(settingsOf({ ...vars, sync_wait_sec: 10 }), []) ?? {};
  const WAITSYNC = { 'waitsync 1 0 1000 0': 'try: 1, refid: 0A000001, correction: 0.000000009, skew: 61.101' };
  const CHOSEN = `^,?,10.0.0.9,${NEVER}\n^,*,10.0.0.1,3,6,17,4,0.000003405,0.000005874,0.000012807\n`;
  const wait = (list: string) => bash(script, { '-n -c sources': list });

  it('ends with the chosen source and its stratum', () => {
    expect(bash(script, { '-n -c sources': CHOSEN, ...WAITSYNC })).toMatchObject({ status: 0, stdout: '10.0.0.1,3' });
  });

  it('goes on while chronyd does not know yet how fast its clock is', () => {
    expect(wait(CHOSEN)).toMatchObject({ status: 0, stdout: 'no source was chosen' });
  });

  it('is no failure when no upstream answers, and says so', () => {
    expect(wait(`^,?,10.0.0.1,${NEVER}\n=,?,192.0.2.12,10,4,17,4,0.000003405,0.000005874,0.000012807\n`)).toMatchObject(
      {
        status: 0,
        stdout: 'no upstream answers',
      },
    );
    expect(wait('')).toMatchObject({ status: 0, stdout: 'no upstream answers' });
  });

  it('is no failure when upstreams answer and none is chosen', () => {
    expect(wait('^,x,10.0.0.1,3,6,17,4,45.000003405,45.000005874,0.000012807\n')).toMatchObject({
      status: 0,
      stdout: 'no source was chosen',
    });
  });

  it('is not there when there is nothing to wait for', () => {
    expect(sourceChosen(settingsOf({}), [])).toBeUndefined();
    expect(sourceChosen(settingsOf({ ...vars, sync_wait_sec: 0 }), [])).toBeUndefined();
  });
});

describe('the scripts', () => {
  const hasShellcheck = spawnSync('shellcheck', ['--version']).status === 0;
  if (!hasShellcheck) process.stderr.write('test/unit/roles/chrony: shellcheck is not installed: not run\n');

  it.skipIf(!hasShellcheck)('are clean in the eyes of shellcheck', () => {
    const known = sourcesKnown(settingsOf(vars));
    const chosen = sourceChosen(settingsOf(vars), []);
    const validation = confValidation('/etc/chrony.conf', '');
    for (const text of [known.unless, known.script, chosen?.script, validation.argv[2]]) {
      const { status, stdout } = spawnSync('shellcheck', ['-s', 'bash', '-'], { input: text ?? '', encoding: 'utf8' });
      expect(stdout).toBe('');
      expect(status).toBe(0);
    }
  });
});
