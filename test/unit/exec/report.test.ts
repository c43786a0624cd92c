/** What people and programs see of exec. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HostOutcome } from '../../../src/exec/events.ts';
import { foldOutcomes } from '../../../src/exec/fold.ts';
import { bodyBytes } from '../../../src/report/exec-body.ts';
import { diffLines } from '../../../src/report/exec-diff.ts';
import { jsonEvent, jsonSummary } from '../../../src/report/exec-json.ts';
import { LinePrefixer } from '../../../src/report/exec-live.ts';
import { createFoldReporter, createLiveReporter, type Sinks } from '../../../src/report/exec-reporter.ts';
import { summaryLines } from '../../../src/report/exec-summary.ts';
import { createStyle } from '../../../src/report/style.ts';
import { kept, outcome } from './outcomes.ts';

const style = createStyle({ colour: false, columns: 60, unicode: true });

function sinks(isTerminal: boolean): Sinks & { readonly written: { stdout: string; stderr: string } } {
  const written = { stdout: '', stderr: '' };
  const sink = (name: 'stdout' | 'stderr') => ({
    ...{ style, isTerminal },
    write: (bytes: Buffer | string) => {
      written[name] += bytes.toString();
      return undefined;
    },
  });
  return { stdout: sink('stdout'), stderr: sink('stderr'), written };
}

describe('output as it comes', () => {
  it('is whole lines with the host in front, whatever the packets', () => {
    const text = Buffer.from('one\ntwo żółw\n\nlast');
    fc.assert(
      fc.property(fc.array(fc.nat(9), { maxLength: 9 }), fc.boolean(), (sizes, isTerminal) => {
        const prefixer = new LinePrefixer({ prefix: 'ns1: ', isTerminal });
        const written: Buffer[] = [];
        let at = 0;
        for (const size of [...sizes, text.length]) {
          const lines = prefixer.push(text.subarray(at, at + size));
          expect(lines.length === 0 || lines.at(-1) === 0x0a).toBe(true);
          written.push(lines);
          at = Math.min(text.length, at + size);
        }
        written.push(prefixer.end());
        expect(Buffer.concat(written).toString()).toBe('ns1: one\nns1: two żółw\nns1: \nns1: last\n');
      }),
    );
  });

  it('is harmless on a terminal, and as the host sent it elsewhere', () => {
    const evil = Buffer.from('a\x1b[2J\x1b]0;title\x07b\xff\n', 'latin1');
    const shown = (isTerminal: boolean) => new LinePrefixer({ prefix: '> ', isTerminal }).push(evil);
    expect(shown(true).toString()).toBe('> ab\ufffd\n');
    expect(shown(false)).toEqual(Buffer.concat([Buffer.from('> '), evil]));
    expect(new LinePrefixer({ prefix: '', isTerminal: false }).push(evil)).toBe(evil);
  });

  it('needs little memory for a line without an end', () => {
    const prefixer = new LinePrefixer({ prefix: 'ns1: ', isTerminal: false });
    let bytes = 0;
    for (let i = 0; i < 100; i += 1) bytes += prefixer.push(Buffer.alloc(10_000, 'x')).length;
    expect(1_000_000 - bytes).toBeLessThan(70_000);
  });

  it('keeps the streams of the hosts apart', () => {
    const target = sinks(false);
    const { onEvent } = createLiveReporter(target, { isPrefixed: true });
    const say = (host: string, stream: 'stdout' | 'stderr', text: string) =>
      onEvent({ event: 'output', host, stream, bytes: Buffer.from(text) });
    say('ns1', 'stdout', 'half');
    say('ns2', 'stdout', 'other\n');
    say('ns1', 'stderr', 'bad\n');
    say('ns1', 'stdout', ' line\nrest');
    onEvent({ event: 'host-done', outcome: outcome('ns1') });
    expect(target.written).toEqual({ stdout: 'ns2: other\nns1: half line\nns1: rest\n', stderr: 'ns1: bad\n' });
  });
});

describe('folded output', () => {
  const end = async (outcomes: readonly HostOutcome[], diff = false) => {
    const target = sinks(true);
    await createFoldReporter(target, { diff }).end({ command: 'exec', outcomes, exit: 0, tookMs: 1 });
    const plain = (text: string) => text.replace(/ ─+$/gm, '');
    return { stdout: plain(target.written.stdout), stderr: plain(target.written.stderr) };
  };

  it('stands once under the hosts that gave it, with what is not an exit code of 0', async () => {
    const outcomes = [
      outcome('ns1', { stdout: '7.0\n' }),
      outcome('ns2', { stdout: '7.0\n' }),
      outcome('gw', { stdout: 'no', code: 3 }),
    ];
    expect((await end(outcomes)).stdout).toBe('ns[1-2] (2)\n7.0\ngw (1) ── exit 3\nno\n');
  });

  it('goes to stderr what the host said there, and silent hosts get no header', async () => {
    expect(await end([outcome('ns1', { stderr: 'bad' }), outcome('ns2')])).toEqual({
      stdout: '',
      stderr: 'ns1 (1) ── stderr\nbad\n',
    });
  });

  it('is compared with that of most hosts on request', async () => {
    const outcomes = [
      outcome('ns1', { stdout: 'a\nb\nc\n' }),
      outcome('ns2', { stdout: 'a\nB\nc\n', code: 1 }),
      outcome('ns3', { stdout: 'a\nb\nc\n' }),
    ];
    expect((await end(outcomes, true)).stdout).toBe(
      'ns[1,3] (2)\na\nb\nc\nns2 (1) ── differs from ns[1,3]\nexit 1 instead of exit 0\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n',
    );
  });

  it('says so when a comparison has nothing to show', async () => {
    const [most, other] = foldOutcomes([outcome('a', { stdout: 'x\u001b[1m\n' }), outcome('b', { stdout: 'x\n' })]);
    if (most === undefined || other === undefined) throw new Error('two groups expected');
    expect(await diffLines(most, other, style)).toEqual(['(differs only in bytes that are not shown)']);
  });

  it('says where it was cut, and shows no binary on a terminal', () => {
    const cut = kept(`${'x'.repeat(8)}middle${'y'.repeat(4)}`, 8, 4);
    expect(bodyBytes(cut, { isTerminal: true }).toString()).toBe(
      'xxxxxxxx\n[… 6 bytes left out here, after 8; the last 4 follow …]\nyyyy\n',
    );
    expect(bodyBytes(kept('a\0b'), { isTerminal: true }).toString()).toMatch(/^\(binary, 3 bytes/);
    expect(bodyBytes(kept('a\0b\n'), { isTerminal: false }).toString()).toBe('a\0b\n');
  });
});

describe('the end', () => {
  const error = { code: 'E_X', message: 'no answer\u001b[31m in 10 s', detail: ['first'], remedy: 'Look at it.' };
  const outcomes = [
    outcome('ns1'),
    outcome('ns2', { code: 3 }),
    outcome('ns3', { code: 139, signal: 'SEGV' }),
    outcome('ns4', { code: null, status: 'unreachable', error }),
    outcome('ns5', { code: null, status: 'unreachable', error }),
  ];

  it('says who did not end well, why, and what to do', () => {
    expect(summaryLines(outcomes, { style, exit: 2, tookMs: 1200 })).toEqual([
      '✖ ns2  exit 3',
      '✖ ns3  killed by SEGV',
      '✖ ns[4-5]  unreachable  no answer in 10 s',
      '    first',
      '  Look at it.',
      expect.stringMatching(
        /^5 hosts · ns1 exit 0 · ns2 exit 3 · ns3 killed by SEGV · ns\[4-5\] unreachable · 1\.2 s +exit 2$/,
      ),
    ]);
  });

  it('is one line when all is well', () => {
    expect(summaryLines([outcome('ns1'), outcome('ns2')], { style, exit: 0, tookMs: 210 })).toEqual([
      '2 hosts · ns[1-2] exit 0 · 0.2 s',
    ]);
  });

  it('is a summary event in --json, after one event per host with its bytes', () => {
    const stamp = { at: '2026-11-20T14:02:11.000Z', run: '7f3a' };
    const binary = { ...outcome('ns1'), stdout: kept(Buffer.from([0xff, 0x0a])), stderr: kept('ł') };
    expect(jsonEvent({ event: 'host-done', outcome: binary }, stamp)).toEqual({
      event: 'host-done',
      ...stamp,
      ...{
        host: 'ns1',
        status: 'ok',
        code: 0,
        signal: null,
        stdoutBase64: '/wo=',
        stderr: 'ł',
        error: null,
        tookMs: 100,
      },
    });
    const summary = { command: 'exec', outcomes: outcomes.slice(0, 2), exit: 2, tookMs: 5 } as const;
    expect(jsonSummary(summary, stamp)).toMatchObject({
      event: 'summary',
      exit: 2,
      hosts: { ns1: { status: 'ok', code: 0 }, ns2: { status: 'failed', code: 3 } },
    });
  });
});
