/** Runs functions of the helper on this machine: its folders moved to a private one, services replaced by nothing. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { helperText } from '../../../src/host/helper.ts';
import { bashWord } from '../../../src/host/request.ts';

export class PrivateRoot {
  readonly folder: string;

  constructor(folder: string = mkdtempSync(join(tmpdir(), 'helper-'))) {
    this.folder = folder;
  }

  /** stdout of `script`, which may call every function of the helper. Arguments are $1, $2, … */
  run(script: string, args: readonly string[] = []): string {
    const { status, stdout, stderr } = spawnSync('bash', ['-c', 'eval "$(cat)"'], {
      input: this.text(script, args),
      encoding: 'utf8',
      timeout: 60_000,
    });
    if (status === null || stderr !== '') throw new Error(`the script ended with ${status}: ${stderr}`);
    return stdout;
  }

  /** What `run` gives to bash, for another machine. */
  text(script: string, args: readonly string[] = []): string {
    const folders = `STATE=${this.folder}/state RUN=${this.folder}/run ETC_STAGE=${this.folder}/etc/.coreos-infra/open MARKER=${this.folder}/etc/coreos-infra/generation
      OPEN=$STATE/open VAR_STAGE=$STATE/stage ZINCATI_HELD=$STATE/zincati-held UNIT_FOLDER=${this.folder}/etc/systemd/system
      mkdir -p "$STATE" "$RUN" "\${ETC_STAGE%/*}" "\${MARKER%/*}"`;
    // --no-copy is of coreutils 9.5, which CoreOS has and this machine may lack.
    const older =
      'mv() { local a=() x; for x in "$@"; do [[ $x == --no-copy ]] || a+=("$x"); done; command mv "${a[@]}"; }';
    return `${helperText({})}\n${folders}\n${older}\nset -- ${args.map(bashWord).join(' ')}\n${script}\n`;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
