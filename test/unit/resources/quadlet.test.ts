/** Unit files: what a builder writes is what systemd and podman read. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { execWords, quadlet, raw, renderUnit } from '../../../src/resources/quadlet.ts';

describe('renderUnit', () => {
  it('writes sections and repeated keys in their order', () => {
    const text = renderUnit({
      Unit: { Description: 'DNS' },
      Container: { Image: 'docker.io/a/b:1', Volume: ['/a:/a:ro', '/b:/b'] },
    });
    expect(text).toBe('[Unit]\nDescription=DNS\n\n[Container]\nImage=docker.io/a/b:1\nVolume=/a:/a:ro\nVolume=/b:/b\n');
  });

  it('makes percent signs literal, and leaves specifiers of raw values alone', () => {
    expect(renderUnit({ Unit: { Description: '50% of %n', Documentation: raw('man:%p') } })).toBe(
      '[Unit]\nDescription=50%% of %%n\nDocumentation=man:%p\n',
    );
  });

  it.each(['a\nExecStartPre=/bin/rm', 'a\rb', 'ends with \\', 'nul\u0000'])(
    'refuses a value that would start another line: %j',
    (value) => {
      expect(() => renderUnit({ Container: { Image: value } })).toThrow(/cannot stand in a unit file/);
    },
  );

  it.each(['', 'A b', 'X=Y', '[Unit', 'a\nb'])('refuses %j as a key', (key) => {
    expect(() => renderUnit({ Unit: { [key]: 'x' } })).toThrow(/not a section or key/);
  });

  it('never lets a value add a line', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        let text: string;
        try {
          text = renderUnit({ Container: { Environment: value } });
        } catch {
          return;
        }
        expect(text.split('\n')).toHaveLength(3);
        expect(text.startsWith('[Container]\nEnvironment=')).toBe(true);
      }),
    );
  });
});

describe('execWords', () => {
  it('quotes what systemd would split, expand or unescape', () => {
    expect(execWords(['-conf', '/etc/a b', 'x"y', '$HOME', '50%', '']).text).toBe(
      '-conf "/etc/a b" "x\\"y" $$HOME 50%% ""',
    );
  });
});

describe('quadlet', () => {
  it('knows the unit that the generator makes', () => {
    expect(quadlet('coredns.container', { Container: { Image: 'x' } })).toMatchObject({
      id: 'quadlet:coredns.container',
      path: '/etc/containers/systemd/coredns.container',
      unit: 'coredns.service',
      mode: 0o644,
    });
    expect(quadlet('data.volume', { Volume: {} }).unit).toBe('data-volume.service');
  });

  it.each(['coredns', '../evil.container', 'a b.container', 'x.service', '-x.container'])(
    'refuses the name %j',
    (name) => {
      expect(() => quadlet(name, {})).toThrow(/is not NAME.TYPE/);
    },
  );
});
