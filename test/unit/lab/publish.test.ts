/** What `lab publish` is told and what it writes down. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { assetPath } from '../../../src/assets.ts';
import { BREAK_CHOICES, publishOptions } from '../../../src/cli/lab-publish.ts';
import { LabError } from '../../../src/lab/errors.ts';
import { IMAGE_NAME, writeImage } from '../../../src/lab/os-image.ts';
import { osRemoteUrl } from '../../../src/lab/os-server.ts';
import { publishFolder } from '../../../src/lab/paths.ts';
import { BREAKS } from '../../../src/lab/publish.ts';
import { addRelease, readReleases, releasesFile } from '../../../src/lab/releases.ts';

const sha256 = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'coreos-infra-publish-'));
  vi.stubEnv('COREOS_INFRA_LAB_DIR', folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

describe('lab publish', () => {
  it('offers every break that there is a folder for, and no other', () => {
    expect([...BREAK_CHOICES]).toEqual([...BREAKS]);
    expect(readdirSync(assetPath('src/lab/breaks')).sort()).toEqual([...BREAKS].sort());
  });

  it('turns flags into options', () => {
    expect(publishOptions({}, 0)).toEqual({});
    expect(publishOptions({ break: 'slow-boot', seconds: 5, oci: true }, 0)).toEqual({
      broken: 'slow-boot',
      seconds: 5,
      oci: true,
    });
    expect(publishOptions({ barrier: true, deadEnd: 'no kernel', rollout: 60 }, 1_700_000_000_900)).toEqual({
      barrier: 'set by lab publish',
      deadEnd: 'no kernel',
      rollout: { startEpoch: 1_700_000_000, startValue: 0, durationMinutes: 60 },
    });
  });

  it('puts the address of an IPv6 gateway into brackets', () => {
    expect(osRemoteUrl('10.77.0.1')).toBe('http://10.77.0.1:8077');
    expect(osRemoteUrl('fd77::1')).toBe('http://[fd77::1]:8077');
  });
});

describe('the list of releases', () => {
  it('keeps the order of publishing', () => {
    mkdirSync(publishFolder('a'), { recursive: true });
    expect(readReleases('a').releases).toEqual([]);
    addRelease('a', { version: '44.20261201.3.0', commit: 'b' });
    addRelease('a', { version: '44.20261115.3.0', commit: 'a', barrier: 'keys' });
    expect(readReleases('a')).toEqual({
      stream: 'stable',
      releases: [
        { version: '44.20261201.3.0', commit: 'b' },
        { version: '44.20261115.3.0', commit: 'a', barrier: 'keys' },
      ],
    });
  });

  it.each(['{', '{"releases": 3}', '[]'])('says which file it is when somebody has edited it into %s', (text) => {
    mkdirSync(publishFolder('a'), { recursive: true });
    writeFileSync(releasesFile('a'), text);
    expect(() => readReleases('a')).toThrow(LabError);
    expect(() => readReleases('a')).toThrow(releasesFile('a'));
  });
});

describe('an image', () => {
  it('is named by what is in it, and the tag follows the newest', () => {
    const root = join(folder, 'registry', IMAGE_NAME);
    const read = (path: string): string => readFileSync(join(root, path), 'utf8');
    const first = writeImage(folder, { version: '44.20261115.3.0', commit: 'a'.repeat(64), bytes: 10 });
    const second = writeImage(folder, { version: '44.20261201.3.0', commit: 'b'.repeat(64), bytes: 10 });
    expect(first).not.toBe(second);
    expect(read('manifests/stable')).toBe(read(`manifests/${second}`));
    for (const digest of [first, second]) {
      expect(sha256(read(`manifests/${digest}`))).toBe(digest);
      const { config } = JSON.parse(read(`manifests/${digest}`)) as { config: { digest: string } };
      expect(sha256(read(`blobs/${config.digest}`))).toBe(config.digest);
    }
  });
});
