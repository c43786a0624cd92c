import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PrivateRoot } from './private-root.ts';

/** podman with a store that `images` fills; it pulls what is called good, and does not remove what is called used. */
const PODMAN = `
store="\${RUN%/*}/store/overlay-images"
mkdir -p "$store" "$STATE"/{generations,objects} "\${RUN%/*}/units"
image_stores() { STORES=("\${RUN%/*}/store"); }
UNIT_PLACES=("\${RUN%/*}/units")
images() { local IFS=,; printf '[{"names":[%s]}]' "$*" >"$store/images.json"; }
timeout() { while [[ $1 != podman ]]; do shift; done; "$@"; }
podman() {
  case "$1 $2" in
    'pull --quiet') [[ $3 == *good* ]] || return 1; images "\\"$3\\"" ;;
    'image exists') return 1 ;;
    'image rm')
      shift 3
      printf '%s\\n' "$@" >>"\${RUN%/*}/removed"
      [[ $* == *used* ]] || images
      ;;
  esac
}
removed() { cat "\${RUN%/*}/removed" 2>/dev/null; ls "$STATE/pulled"; }
pull() { IMAGES=("$1"); fetch_images >/dev/null; }
`;

let root: PrivateRoot;
beforeEach(() => {
  root = new PrivateRoot();
});
afterEach(() => root.remove());

const run = (script: string): readonly string[] =>
  root
    .run(`${PODMAN}\n${script}; removed`)
    .split('\n')
    .filter((line) => line !== '');

describe('images that a change set brought', () => {
  it('are removed once nothing names them any more', () => {
    expect(run('pull quay.io/x/good:1; prune_images')).toEqual(['quay.io/x/good:1']);
  });

  it('stay while a kept generation names them, in its record or in its files', () => {
    for (const place of ['generations/7', 'objects']) {
      const keep = `mkdir -p "$STATE/${place}"; printf 'image\\0quay.io/x/good:1\\0' >"$STATE/${place}/f"`;
      expect(run(`pull quay.io/x/good:1; ${keep}; prune_images`), place).toEqual(['quay.io%2fx%2fgood:1']);
      root.remove();
      root = new PrivateRoot();
    }
  });

  it("stay while anybody's unit names them", () => {
    const unit = `printf '[Container]\\nImage=quay.io/x/good:1\\n' >"\${UNIT_PLACES[0]}/other.container"`;
    expect(run(`pull quay.io/x/good:1; ${unit}; prune_images`)).toEqual(['quay.io%2fx%2fgood:1']);
  });

  it('are tried again when podman refuses, since a container uses them', () => {
    expect(run('pull quay.io/x/good-used:1; prune_images; prune_images')).toEqual([
      'quay.io/x/good-used:1',
      'quay.io/x/good-used:1',
      'quay.io%2fx%2fgood-used:1',
    ]);
  });

  it('are no others than those: what was there before, or could not be pulled, is not ours', () => {
    expect(run(`images '"quay.io/x/good:1"'; pull quay.io/x/good:1; mkdir -p "$STATE/pulled"; prune_images`)).toEqual(
      [],
    );
    expect(run('(pull quay.io/x/none:1); prune_images')).toEqual([]);
  });
});
