import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PrivateRoot } from './private-root.ts';

/**
 * Two generations of a quadlet and a plain file; the /etc that is booted has the first, confirmed is the second. The generator is
 * `generate_units` in place of podman's: it makes a unit of every quadlet without the word UNKNOWN.
 */
const SETUP = `
QUADLET_FOLDER=\${ETC_STAGE%/.coreos-infra/*}/etc-containers
CONF=\${ETC_STAGE%/.coreos-infra/*}/conf
control() { WORDS=(); }
label_like() { :; }
generate_units() {
  local file name
  GENERATED=$'\\n' && : >"$1/err"
  for file in "$1"/etc/*.container; do
    name=\${file##*/}
    if grep -q UNKNOWN "$file"; then printf 'quadlet-generator[7]: unsupported key UNKNOWN in %s\\n' "$file" >>"$1/err"; else GENERATED+="---\${name%.container}.service---"$'\\n'; fi
  done
}
ME=$(id -un) GROUP=$(id -gn)
mkdir -p "$STATE"/{generations/1,generations/2,objects} "$QUADLET_FOLDER" "$CONF"
# The private root is not below /etc: what is managed there counts as /etc here.
generation_of() {
  local n=$1 sha path text
  for path in "$QUADLET_FOLDER/app.container" "$CONF/app.conf"; do
    shift; text=$1
    read -r sha _ < <(printf '%s' "$text" | sha256sum)
    printf '%s' "$text" >"$STATE/objects/$sha"
    printf '%s\\0' x file "$path" "$sha" 644 "$ME" "$GROUP" "$([[ $path != *.container ]] || echo app.service)" >>"$STATE/generations/$n/managed"
  done
  printf '%s\\0' format 1 kind config id g$n entries >"$STATE/generations/$n/manifest"
}
put_old() { printf '%s' old >"$QUADLET_FOLDER/app.container"; printf '%s' old >"$CONF/app.conf"; chmod 644 "$QUADLET_FOLDER"/* "$CONF"/*; printf '1\\n' >"$MARKER"; }
shown() { printf '%s %s marker=%s\\n' "$(<"$QUADLET_FOLDER/app.container")" "$(<"$CONF/app.conf")" "$(<"$MARKER")"; }
`;

let root: PrivateRoot;
beforeEach(() => {
  root = new PrivateRoot();
});
afterEach(() => root.remove());

/** The real one looks at /etc/* only; the private root stands in for it. */
const inPrivateRoot = (text: string): string =>
  `eval "$(declare -f stage_generation | sed "s#== /etc/\\*#== ${'${ETC_STAGE%/.coreos-infra/*}'}/*#")"; ${text}`;

describe('reconciling an /etc with the confirmed generation', () => {
  it('B6: brings what the marker says is older to it, whole', () => {
    const script = `${SETUP}\ngeneration_of 1 old old; generation_of 2 new new; put_old; ${inPrivateRoot('reconcile >/dev/null; shown; reconcile; ls "$RUN"')}`;
    expect(root.run(script)).toBe('new new marker=2\n');
  });

  it('touches nothing when a quadlet does not fit this OS, and says why', () => {
    const script = `${SETUP}\ngeneration_of 1 old old; generation_of 2 'UNKNOWN=1' new; put_old; ${inPrivateRoot('reconcile; shown; cat "$RUN/reconcile-failed"; ls -A "${ETC_STAGE%/*}"')}`;
    const lines = root.run(script).trimEnd().split('\n');
    expect(JSON.parse(lines[1] ?? '')).toMatchObject({ error: 'reconcile-failed' });
    expect(lines[2]).toBe('old old marker=1');
    expect(lines[3]).toContain('makes no app.service of');
    expect(lines[4]).toContain('unsupported key UNKNOWN');
    expect(lines).toHaveLength(5);
  });

  it('finishes a swap that was cut off, which had been checked before', () => {
    const script = `${SETUP}\ngeneration_of 1 old old; generation_of 2 'UNKNOWN=1' new; put_old; printf 'open:reconcile\\n' >"$MARKER"; ${inPrivateRoot('reconcile >/dev/null; shown')}`;
    expect(root.run(script)).toBe('UNKNOWN=1 new marker=2\n');
  });
});
