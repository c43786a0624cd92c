import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../../src/assets.ts';
import { helperText, helperVersion, installedText } from '../../../src/host/helper.ts';
import { bashArray } from '../../../src/host/request.ts';
import { joinScripts } from '../../../src/host/scripts.ts';
import { PrivateRoot } from './private-root.ts';

let root: PrivateRoot;
beforeAll(() => {
  root = new PrivateRoot();
});
afterAll(() => root.remove());

/** Any text that can be an argument. */
const text = fc.string({ unit: 'grapheme', maxLength: 40 }).map((value) => value.replaceAll('\0', ''));

describe('the shell files', () => {
  const folder = join(packageRoot(), 'src/host');
  const files = readdirSync(folder).filter((name) => name.endsWith('.sh'));

  it('say in their first line what they own, and stay short', () => {
    for (const name of files) {
      const lines = readFileSync(join(folder, name), 'utf8').split('\n');
      expect(lines[0], name).toMatch(/^# \S.{20,}/);
      expect(lines.length, name).toBeLessThanOrEqual(300);
    }
  });

  it('keep every rule of the protocol somewhere, by its number', () => {
    const all = joinScripts(files.map((name) => name.slice(0, -3)));
    for (let rule = 1; rule <= 16; rule += 1)
      expect(all, `R${rule}`).toMatch(new RegExp(`^\\s*#.*\\bR${rule}\\b`, 'm'));
  });

  it('have each rule in the models too, with a switch that removes it and that check.sh tries', () => {
    const model = (name: string): string => readFileSync(join(packageRoot(), 'test/model', name), 'utf8');
    const tried = model('check.sh');
    const switches = [
      ...`${model('slot.pml')}${model('pair.pml')}`.matchAll(/^#(?:ifdef|ifndef) ([A-Z_]+) +\/\* (R\d+)/gm),
    ];
    expect(new Set(switches.map(([, , rule]) => rule))).toEqual(
      new Set(Array.from({ length: 16 }, (_, index) => `R${index + 1}`)),
    );
    for (const [, name] of switches) expect(tried, name).toMatch(new RegExp(`^fails \\w+ .*\\b${name}\\b`, 'm'));
  });

  it('never rename in a way that could copy, and never leave IFS changed for what they call', () => {
    for (const name of files) {
      const body = readFileSync(join(folder, name), 'utf8');
      for (const [call] of body.matchAll(/^[^#\n]*\bmv -.*$/gm)) expect(call, name).toMatch(/mv --no-copy/);
      expect(body.match(/local IFS/g) ?? [], name).toHaveLength(name === 'answer.sh' ? 1 : 0);
    }
  });

  it('do nothing unless their last line arrived', () => {
    const whole = installedText({});
    for (const share of [0.1, 0.37, 0.5, 0.83, 0.999]) {
      const cut = whole.slice(0, Math.floor(whole.length * share)).replace(/main "\$@"\s*$/, '');
      expect(root.run(`bash -c ${"'"}${'eval "$1"'}${"'"} x "$1" 2>/dev/null; :`, [cut])).toBe('');
    }
  });

  it('have another version when they differ, and faults only when asked for', () => {
    expect(helperVersion()).toMatch(/^[0-9a-f]{16}$/);
    expect(helperVersion({ faults: true })).not.toBe(helperVersion());
    expect(helperText({})).not.toContain('coreos-infra.fault');
  });
});

describe('functions of the helper', () => {
  it('write JSON that reads back, whatever the words were', () => {
    fc.assert(
      fc.property(fc.array(text, { minLength: 2, maxLength: 4 }), (words) => {
        const line = root.run('say step key "$1" other "$2"; STEP=x; say_error code "$1" "${@:2}"', words);
        const [said, failed] = line
          .trimEnd()
          .split('\n')
          .map((each) => JSON.parse(each));
        const plain = (value: string): string =>
          Buffer.from(value.replaceAll(/[\u0001-\u0009\u000b-\u001f\u007f]/g, ' ')).toString();
        expect(said).toEqual({ step: 'step', key: plain(words[0] ?? ''), other: plain(words[1] ?? '') });
        expect(failed).toEqual({
          step: 'x',
          error: 'code',
          message: plain(words[0] ?? ''),
          detail: words.slice(1).map(plain),
        });
      }),
      { numRuns: 25 },
    );
  });

  it('take any values of a request as they are', () => {
    fc.assert(
      fc.property(fc.array(text), (values) => {
        expect(
          root
            .run(`${bashArray('VALUES', values)}; (( \${#VALUES[@]} == 0 )) || printf '%s\\0' "\${VALUES[@]}"`)
            .split('\0')
            .slice(0, -1),
        ).toEqual(values);
      }),
      { numRuns: 25 },
    );
  });

  it('compare serials as RFC 1982 does', () => {
    const cases: readonly (readonly [number, number | '', boolean])[] = [
      [2, 1, true],
      [1, 2, false],
      [1, 1, false],
      [0, 4294967295, true],
      [4294967295, 0, false],
      [2147483648, 1, true],
      [2147483649, 1, false],
      [5, '', true],
    ];
    for (const [next, old, isHigher] of cases)
      expect(
        root.run('higher_serial "$1" "$2" && echo yes || echo no', [String(next), String(old)]).trim(),
        `${next} after ${old}`,
      ).toBe(isHigher ? 'yes' : 'no');
  });

  it('name the file of a zone without slashes, each zone its own', () => {
    expect(
      root.run('for z in "$@"; do serial_file "$z"; echo "$REPLY"; done', [
        'example.com',
        '64/26.2.0.192.in-addr.arpa',
        '64%2f26.x',
      ]),
    ).toBe('example.com\n64%2f26.2.0.192.in-addr.arpa\n64%252f26.x\n');
  });

  it('say why root must not write in a folder', () => {
    const cases = [
      ['0:0', '755', 'safe'],
      ['0:0', '775', 'safe'],
      ['0:5', '755', 'safe'],
      ['0:5', '775', 'unsafe'],
      ['0:0', '757', 'unsafe'],
      ['0:0', '1777', 'unsafe'],
      ['5:0', '700', 'unsafe'],
    ] as const;
    for (const [ids, mode, expected] of cases)
      expect(
        root.run('unsafe_for_root "$1" "$2" && echo unsafe || echo safe', [ids, mode]).trim(),
        `${ids} ${mode}`,
      ).toBe(expected);
  });

  it('find the mount of a path by the longest mount point, and of equals the latest', () => {
    const script = 'MOUNT_POINT=(/ /etc /var /var/lib /etc); for p in "$@"; do mount_of "$p"; echo "$REPLY"; done';
    expect(
      root
        .run(script, ['/', '/etc', '/etc/x', '/etcetera', '/var/log', '/var/lib/x', '/usr'])
        .trim()
        .split('\n')
        .map(Number),
    ).toEqual([0, 4, 4, 0, 2, 3, 0]);
  });

  it('see images by their present names only', () => {
    const index = (store: string, images: readonly object[]): void => {
      mkdirSync(join(root.folder, store, 'overlay-images'), { recursive: true });
      writeFileSync(join(root.folder, store, 'overlay-images/images.json'), JSON.stringify(images));
    };
    index('a', [
      { id: '1', names: ['docker.io/x/y:1', 'docker.io/x/z:2'], layer: 'l' },
      { id: '2', 'names-history': ['docker.io/x/gone:1'] },
    ]);
    index('b', [{ id: '3', names: ['docker.io/x/w:3'] }]);
    const script = `image_stores() { STORES=(${root.folder}/a ${root.folder}/b ${root.folder}/none); }; image_names; for i in "$@"; do has_image "$i" && echo yes || echo no; done`;
    expect(
      root
        .run(script, ['docker.io/x/y:1', 'docker.io/x/z:2', 'docker.io/x/w:3', 'docker.io/x/gone:1', 'x/y:1'])
        .trim()
        .split('\n'),
    ).toEqual(['yes', 'yes', 'yes', 'no', 'no']);
  });

  it('take control characters out of words that services said, and bound them', () => {
    const file = join(root.folder, 'words');
    writeFileSync(file, `${Array.from({ length: 100 }, (_, n) => `line ${n}\u001b[1m\0`).join('\n')}\n`);
    const line = JSON.parse(root.run('STEP=x; tail_of "$1"; say_error code message "${WORDS[@]}"', [file]));
    expect(line.detail).toHaveLength(64);
    expect(line.detail.at(-1)).toBe('line 99 [1m');
  });

  it('tell absent, links and files apart when they look', () => {
    writeFileSync(join(root.folder, "o'x\n$(y)"), 'x');
    chmodSync(join(root.folder, "o'x\n$(y)"), 0o640);
    const script =
      'look "$@"; for p in "$@"; do echo "${LOOK_TYPE[$p]-none} ${LOOK_MODE[$p]-} ${LOOK_SHA[$p]:0:6}"; done; look; echo "${#LOOK_TYPE[@]}"';
    expect(root.run(script, [join(root.folder, "o'x\n$(y)"), join(root.folder, 'none'), root.folder])).toMatch(
      /^f 640 2d7116\nnone {2}\nd \d+ \n0\n$/,
    );
  });
});
