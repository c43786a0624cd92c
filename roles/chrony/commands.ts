/** What chronyd itself must say: that it knows the described sources, and which one it chose. Scripts for bash, run on the host. Pure. */
import { type CommandResource, command, type Resource } from 'coreos-infra';
import { SOURCES_FOLDER } from './chrony-conf.ts';
import type { ChronySettings, Source } from './settings.ts';

/** Nothing to undo: they read, and make chronyd read its files again. A revert does that as well. */
const NOTHING = ':';
const MODE = { server: '^', pool: '^', peer: '=' } as const;

/**
 * ppm. A chronyd without a drift file knows its clock's frequency only after the second update; until then its root dispersion grows
 * by up to 1 s per s, and at 1 s it falls back on its own clock (`local … distance`).
 */
const MAX_SKEW = 1000;
/** Half a second between looks. */
const LOOKS_PER_SEC = 2;
/** Four questions of `iburst` take 6 s: who has not answered by then does not. */
const SILENT_AFTER_SEC = 8;

/**
 * chronyd's sources are the described ones: observed in each run, since `reload sources` answers "200 OK" also when it skipped a
 * line (chronyc.c, 4.6). It also compares with what the files said before, not with what chronyd does: a source that was taken out
 * by hand comes back by a new start only. A source that nobody described has a say in the time: if it stays, the change fails.
 */
export function sourcesKnown(settings: ChronySettings): CommandResource {
  const expected = [...settings.upstreams, ...settings.peers].map(listed).sort();
  const check = `
expected=(${expected.map((line) => `'${line}'`).join(' ')})
check() {
  local list known one
  list=$(chronyc -N -c sources -a) || { echo "chronyd does not answer: $list" >&2; return 1; }
  known=$(cut -d, -f1,3 <<<"$list" | sort -u)
  for one in "\${expected[@]}"; do
    grep -qxF -- "$one" <<<"$known" || { echo "chronyd does not know the source \${one#*,}" >&2; return 1; }
  done
  while IFS= read -r one; do
    [[ -z $one || " \${expected[*]} " == *" $one "* ]] && continue
    echo "chronyd also follows \${one#*,}, which nobody described: look for it in ${SOURCES_FOLDER}" >&2
    return 1
  done <<<"$known"
}
`;
  return command('chrony sources', {
    unless: `${check}check\n`,
    script: `${check}{ chronyc reload sources && check; } || { systemctl restart chronyd.service && check; }\n`,
    undo: NOTHING,
    timeoutSec: 120, // longer than systemd's own limits for a stop and a start
  });
}

/** One for each line of `chronyc -N -c sources`: mode and name. Checked names have no character that bash would touch. */
function listed({ kind, host }: Source): string {
  if (!/^[0-9A-Za-z.:-]+$/.test(host)) throw new TypeError(`unchecked source ${JSON.stringify(host)}`); // settings.ts refused it
  return `${MODE[kind]},${host}`;
}

/**
 * After a restart chronyd serves its own clock until it has chosen a source (about 5 s): the next host waits for that. No upstream in
 * reach is no failure: the probe tells of it, and the pair serves the time that it has. Undefined when there is nothing to wait for.
 */
export function sourceChosen(
  settings: ChronySettings,
  onChangeOf: readonly Pick<Resource, 'id'>[],
): CommandResource | undefined {
  const { sync_wait_sec: waitSec } = settings.vars;
  if (waitSec === 0 || settings.upstreams.length === 0) return undefined;
  const script = `
for ((look = 0; look < ${waitSec * LOOKS_PER_SEC}; look++)); do
  list=$(chronyc -n -c sources 2>/dev/null)
  chosen=$(grep -m1 '^[=^],\\*,' <<<"$list") && chronyc waitsync 1 0 ${MAX_SKEW} 0 >/dev/null && { cut -d, -f3,4 <<<"$chosen"; exit 0; }
  ((look < ${SILENT_AFTER_SEC * LOOKS_PER_SEC})) || grep -q '^\\^,.,[^,]*,[^,]*,[^,]*,[1-9]' <<<"$list" || { echo 'no upstream answers'; exit 0; }
  sleep 0.5
done
echo 'no source was chosen'
`;
  // It only looks: it never changed anything.
  return command('chrony synchronisation', {
    script,
    onChangeOf,
    changedWhen: /(?!)/,
    undo: NOTHING,
    timeoutSec: waitSec + 15,
  });
}
