/** The validation scripts as the host runs them, with the real chronyd. -x: no clock is touched. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { chronyConf, scratchConf } from '../../../../roles/chrony/chrony-conf.ts';
import { chronySettings } from '../../../../roles/chrony/settings.ts';
import { sourcesFile } from '../../../../roles/chrony/sources.ts';
import { confValidation, sourcesValidation } from '../../../../roles/chrony/validation.ts';
import type { Validation } from '../../../../src/index.ts';
import { chronyVersion } from './chronyd.ts';
import { contextOf } from './context.ts';

const isRoot = process.getuid?.() === 0;
if (!isRoot)
  process.stderr.write('test/unit/roles/chrony/validation.test.ts is skipped: chronyd starts as root only\n');

/** Lays out the preview as the helper does, and runs argv there. */
function validate(
  validation: Validation,
  previewed: string,
): { readonly status: number | null; readonly said: string } {
  const dir = mkdtempSync(join(tmpdir(), 'chrony-validation-'));
  try {
    for (const { as } of validation.preview) writeFileSync(join(dir, as), previewed);
    for (const { as, content } of validation.scratch) writeFileSync(join(dir, as), content);
    const [program = '', ...args] = validation.argv.map((word) => word.replaceAll('{dir}', dir));
    const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 15_000 });
    return { status, said: (stdout + stderr).replaceAll(dir, 'DIR') };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

describe.skipIf(chronyVersion === undefined || !isRoot)('validation by the real chronyd', () => {
  const settings = chronySettings(contextOf({ servers: ['a.example'], leapsec: 'none' }));
  const conf = chronyConf(settings);
  const scratch = scratchConf(settings);

  it('accepts what we write, after a trial start', () => {
    expect(validate(confValidation('/etc/chrony.conf', scratch), conf)).toMatchObject({ status: 0, said: '' });
  });

  it('refuses a file with an error, in chronyd’s words and with the path that the user knows', () => {
    const { status, said } = validate(confValidation('/etc/chrony.conf', scratch), `${conf}makestepp 1 3\n`);
    expect(status).toBe(1);
    expect(said).toMatch(/Fatal error : Invalid directive at line \d+ in file \/etc\/chrony\.conf/);
  });

  it('refuses what chronyd -p accepts and then dies of', () => {
    const { status, said } = validate(confValidation('/etc/chrony.conf', `${scratch}hwtimestamp nosuch0\n`), conf);
    expect(status).toBe(1);
    expect(said).toContain('does not survive its start');
    expect(said).toContain('Could not enable HW timestamping on nosuch0');
  });

  it('reads the sources, which chronyd -p of the configuration does not', () => {
    const validation = sourcesValidation('/etc/chrony.d/sources/upstream.sources');
    const text = sourcesFile(settings.upstreams);
    expect(validate(validation, text).status).toBe(0);
    expect(validate(validation, `${text}server b.example bogus\n`)).toMatchObject({
      status: 1,
      said: expect.stringContaining('Could not parse server directive at line 3'),
    });
  });
});
