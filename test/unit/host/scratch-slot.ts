/** A change set without a service, for the helper's own functions in a private root. */

/**
 * A slot over one file in a private root: `new` stands there, `old` is saved. Nothing is installed, so units are left out.
 * make_slot STATE leaves it in that state.
 */
export const SCRATCH_SLOT = `
control() { WORDS=(); }
systemctl() { :; }
ask_units() { :; }
boot_id && BOOT=$REPLY
make_slot() {
  local word
  rm -rf "$STATE" "$ETC_STAGE" "$RUN"/deadline.*
  mkdir -p "$STATE"/{generations,reverted,failed,objects,serials} "$OPEN" "$ETC_STAGE/old/0" "\${ETC_STAGE%/*/*}/demo" "$RUN"
  local folder=\${ETC_STAGE%/*/*}/demo
  rm -f "$folder/f"; printf old >"$ETC_STAGE/old/0/f"; chmod 644 "$ETC_STAGE/old/0/f"; printf new >"$folder/f"
  for word in applied confirmed reverting reverting2 reverted failed; do printf '%s\\n' $word >"$OPEN/state.$word"; done
  printf '%s\\n' "$1" >"$OPEN/state"; rm -f "$OPEN/state.$1"
  local sha; read -r sha _ < <(printf old | sha256sum)
  deployment
  printf '%s\\0' format 1 kind config id slot1 run run-1 owner me boot "$BOOT" within 1 generation 1 entries \\
    folder 0 "$folder" file 0 f ffff 644 root root "$sha" 644 root root reload 0 at "$REPLY" root 0 "$ETC_STAGE" >"$OPEN/manifest"
  printf 'managed' >"$OPEN/managed"
  : >"$ETC_STAGE/marker.was"; printf 'open:slot1\\n' >"$MARKER"
}
content() { printf '%s\\n' "$(<"\${ETC_STAGE%/*/*}/demo/f")"; }
`;

/** How a race of confirm and guard may end (content, confirmed generation, answers `confirmed`): wholly new and said so, or wholly old and refused. */
export const RACE_ENDS: Readonly<Record<string, 'new' | 'old'>> = { 'new 1 1': 'new', 'old  0': 'old' };

/** Confirm and guard want the lock of a fresh slot at the same instant, so often; a line each. The first comes up to 16 ms later or earlier. */
export function raceScript(rounds: number): string {
  return `kill_apply() { :; }
    for ((n = 0; n < ${rounds}; n++)); do
      make_slot applied
      (sleep 0.00$((n % 9)); confirm slot1 "$BOOT" >"$RUN/answer") & (sleep 0.00$((8 - n % 9)); end_unconfirmed slot1 >/dev/null) & wait
      end_final_slot
      printf '%s %s %s\\n' "$(content)" "$(ls "$STATE/generations")" "$(grep -c '"confirmed"' "$RUN/answer")"
    done`;
}
