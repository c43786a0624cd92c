/** JUnit and Markdown of a run: right for machines, whatever a host says. */
import { describe, expect, test } from 'vitest';
import { junitText } from '../../../src/report/junit.ts';
import { markdownText } from '../../../src/report/markdown.ts';
import { EVIL, hostileRun, runRecord } from '../store/records.ts';

/** Names of elements in order of their opening. Throws where the text is not well-formed XML 1.0. */
function elements(xml: string): readonly string[] {
  const names: string[] = [];
  const open: string[] = [];
  const body = xml.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n/, '');
  let at = 0;
  for (const tag of body.matchAll(/<(\/?)([a-z-]+)((?: [a-z]+="[^"<]*")*)(\/?)>/g)) {
    const text = body.slice(at, tag.index);
    if (/[<>]|&(?!(?:amp|lt|gt|quot|apos|#10);)/.test(text)) throw new Error(`not text: ${text}`);
    at = tag.index + tag[0].length;
    const [, isEnd, name = '', attributes = '', isEmpty] = tag;
    if (/&(?!(?:amp|lt|gt|quot|apos|#10);)/.test(attributes)) throw new Error(`not attributes: ${attributes}`);
    if (isEnd) {
      if (open.pop() !== name) throw new Error(`</${name}> ends nothing`);
      continue;
    }
    names.push(name);
    if (!isEmpty) open.push(name);
  }
  if (open.length > 0 || body.slice(at).trim() !== '')
    throw new Error(`left open: ${open.join(' ')} ${body.slice(at)}`);
  return names;
}

describe('JUnit', () => {
  test('has a suite for each host, and a case for the host and for each question', () => {
    const xml = junitText(runRecord());
    expect(elements(xml)).toEqual([
      'testsuites',
      'testsuite',
      'testcase',
      'system-out',
      'testcase',
      'testsuite',
      'testcase',
    ]);
    expect(xml).toContain('<testsuites name="deploy-dns" tests="3" failures="0" errors="0" skipped="0" time="3.100">');
    expect(xml).toContain('zone example.com update serial 1 → 2 (+1)\n  + www  A  192.0.2.80');
  });

  test('counts a revert and the probe that failed', () => {
    const xml = junitText(hostileRun('no answer'));
    expect(xml).toMatch(/<testsuites [^>]*tests="2" failures="2" errors="0"/);
    expect(xml).toContain('type="E_PROBE_FAILED"');
  });

  test('of a run that never came to its hosts has one error, not nothing', () => {
    const error = {
      code: 'E_INVENTORY',
      message: 'hosts.yaml: no such host\nnear ns3',
      detail: [],
      remedy: 'Correct it.',
    };
    const xml = junitText(runRecord({ hosts: [], exit: 1, outcome: 'rejected', error }));
    expect(xml).toMatch(/tests="1" failures="0" errors="1"/);
    expect(xml).toContain('message="hosts.yaml: no such host" type="E_INVENTORY"');
  });

  test('stays well-formed whatever a host says', () => {
    const xml = junitText(hostileRun(EVIL));
    expect(() => elements(xml)).not.toThrow();
    expect(xml).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e\uffff]|[\ud800-\udfff]/);
  });
});

/** Without what stands in fenced code, where nothing means anything. */
function outsideFences(markdown: string): string {
  let open: string | undefined;
  return markdown
    .split('\n')
    .filter((line) => {
      const fence = /^`{3,}/.exec(line)?.[0];
      if (open === undefined && fence !== undefined) open = fence;
      else if (open !== undefined && line === open) open = undefined;
      else return open === undefined;
      return false;
    })
    .join('\n');
}

describe('Markdown', () => {
  test('says how it ended, host by host, and what changed', () => {
    const text = markdownText(runRecord());
    expect(text).toMatch(/^### ✔ <code>deploy-dns<\/code> changed\n/);
    expect(text).toContain('from <code>main&#64;1c0f71d</code> with uncommitted changes');
    expect(text).toContain(
      '| <code>ns1</code> | changed | <code>zone example.com serial 1 → 2 &#40;+1&#41;</code> | 1.4 s |',
    );
    expect(text).toContain('```diff\n+ www  A  192.0.2.80\n```');
    expect(text).toContain('| <code>dns</code> | <code>ns1</code> | 299/300 | 41 ms |');
  });

  test('names the probe that failed, and the exit code', () => {
    const text = markdownText(hostileRun('no answer'));
    expect(text).toMatch(/^### ↺ <code>deploy-dns<\/code> reverted \(exit 2\)\n/);
    expect(text).toContain('dns  no answer   no answer');
  });

  test('shows hostile words as they are: no markup, no link, no mention, no broken table', () => {
    const rest = outsideFences(markdownText(hostileRun(EVIL)));
    expect(rest.replace(/<\/?(?:code|details|summary)>/g, '')).not.toMatch(/[<>`]|\]\(|@team|www\.|:\/\/|~~/);
    const cells = rest.split('\n').filter((line) => line.startsWith('|'));
    expect(cells.map((line) => line.match(/\|/g)?.length)).toEqual(expect.arrayContaining([5]));
    for (const line of cells) expect(line.match(/\|/g)?.length).toBe(5);
    expect(rest.match(/<details>/g)?.length).toBe(rest.match(/<\/details>/g)?.length);
  });

  test('that would be too long is cut where nothing stays open', () => {
    const [host] = runRecord().hosts;
    const diff = Array.from({ length: 60_000 }, (_, line) => `+ line ${line} of a very long file`);
    const hosts =
      host === undefined ? [] : [{ ...host, changes: [{ resource: 'file:/etc/a', action: 'update' as const, diff }] }];
    const text = markdownText(runRecord({ hosts }));
    expect(text.length).toBeLessThan(1_000_000);
    expect(text.trimEnd()).toMatch(/<\/details>\n\n\*Cut here: the whole is in the history\.\*$/);
    expect(outsideFences(text)).not.toContain('line 10 of');
  });
});

describe('of exec, copy and fetch', () => {
  const head = { id: '7f3a21', command: 'exec', args: ['exec', '-l', 'dns', '--', 'grep `x` <a>'] };
  const hosts = [
    { host: 'ns1', status: 'ok', message: 'exit 0' },
    { host: 'ns2', status: 'failed', message: 'exit 3' },
  ] as const;
  const record = runRecord({
    ...head,
    outcome: 'failed',
    exit: 2,
    availability: null,
    hosts: hosts.map((host) => ({ ...host, tookMs: 100, resources: null, error: null, changes: [], probes: [] })),
  });

  test('JUnit has a case for each host, which says how the command ended there', () => {
    const xml = junitText(record);
    expect(elements(xml)).toEqual(['testsuites', 'testsuite', 'testcase', 'system-out', ...elements(xml).slice(4)]);
    expect(xml).toMatch(/<testsuites name="exec" tests="2" failures="1" errors="0"/);
    expect(xml).toContain('<testcase name="exec" classname="exec.ns1" time="0.100">');
    expect(xml).toContain('<failure message="failed: exit 3" type="failed">');
    expect(xml).not.toContain('as described');
  });

  test('Markdown quotes the command line, and says done, not as described', () => {
    const text = markdownText(record);
    expect(text).toContain('### ✖ <code>exec</code> failed (exit 2)');
    expect(text).toContain('<code>run exec -l dns -- grep &#96;x&#96; &#60;a&#62;</code>');
    expect(text).toContain('| <code>ns2</code> | failed | <code>exit 3</code> |');
    expect(markdownText({ ...record, outcome: 'ok', exit: 0 })).toContain('### ✔ <code>exec</code> done');
  });
});
