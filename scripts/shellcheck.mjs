/** Runs shellcheck over every shell script that git knows, by extension or first line. */
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, openSync, readSync } from 'node:fs';

const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
  encoding: 'utf8',
})
  .split('\0')
  .filter((file) => file !== '' && isShell(file));
const { status, error } = spawnSync('shellcheck', ['--external-sources', '--source-path=SCRIPTDIR', ...files], {
  stdio: 'inherit',
});
if (error !== undefined) {
  console.error(`shellcheck cannot be started (${error.message}). On Debian: apt-get install shellcheck`);
  process.exitCode = 1;
} else {
  if (status === 0) console.log(`shellcheck: ${files.length} files, nothing to say`);
  process.exitCode = status ?? 1;
}

function isShell(file) {
  if (file.endsWith('.sh')) return true;
  if (/\.[^/]+$/.test(file)) return false;
  return /^#!.*\b(?:ba)?sh\b/.test(head(file));
}

function head(file) {
  let handle;
  try {
    handle = openSync(file, 'r');
    const bytes = Buffer.alloc(64);
    return bytes.toString('latin1', 0, readSync(handle, bytes, 0, 64, 0));
  } catch {
    return ''; // deleted, or a folder
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}
