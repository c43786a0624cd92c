/** Proves on the host that this very image loads this very Corefile and zones: on scratch ports, without NOTIFY, beside the running server. */
import type { Validation } from 'coreos-infra';
import { type Corefile, type CorefileInput, corefile } from './corefile.ts';
import { FOLDER } from './desired.ts';

/** Never the service's own port: SO_REUSEPORT would let the copy take part of its traffic. */
const PORT = 15353;
const HEALTH = 15380;
const READY = 15381;
const METRICS = 15382;

/** The preview folder inside the container. What else lies in /etc/coredns (keys, lists) is seen where it is. */
const PREVIEW = '/check';

/**
 * Starts the container, waits for /health (CoreDNS has parsed everything by then), and stops it: it has no check mode.
 * $1 is the preview folder, $2 the image, $3 the port of /health, $4 our folder on the host.
 */
const SCRIPT = `
name=coreos-infra-check-coredns-$$
trap 'podman rm --force --time 0 "$name" >/dev/null 2>&1' EXIT
present=()
[[ -d $4 ]] && present=(--volume "$4:$4:ro")
podman run --detach --name "$name" --label coreos-infra.check=1 --network host --pull never --read-only \\
  --security-opt label=disable --cap-drop ALL --cap-add NET_BIND_SERVICE --volume "$1:${PREVIEW}:ro" "\${present[@]}" \\
  "$2" -conf ${PREVIEW}/Corefile.check >/dev/null || exit 1
words() {
  podman logs "$name" 2>&1 | sed '/^maxprocs:/d; s#${PREVIEW}/Corefile\\.check#Corefile#g; s#${PREVIEW}/#'"$4"'/#g'
}
plugins() {
  podman run --rm --pull never --network none --label coreos-infra.check=1 "$1" -plugins 2>/dev/null |
    sed -E -n 's/^ *(dns\\.)?([a-z][a-z0-9_]*)$/\\2/p' | paste -sd ' ' -
}
for ((i = 0; i < 200; i++)); do
  if [[ "$(podman inspect --format '{{.State.Running}}' "$name" 2>/dev/null)" != true ]]; then
    words
    if words | grep -q 'Unknown directive'; then echo "plugins of this image: $(plugins "$2")"; fi
    exit 1
  fi
  if curl -fsS --max-time 1 "http://127.0.0.1:$3/health" >/dev/null 2>&1; then
    words | grep -E '^\\[(ERROR|WARNING)\\] plugin/(file|auto)' && exit 1
    exit 0
  fi
  sleep 0.05
done
words
echo 'CoreDNS did not become healthy within 10 s'
exit 1
`;

/** The same text, line by line, on scratch addresses and ports, with the zones of the preview. */
export function corefileForCheck(input: CorefileInput): Corefile {
  return corefile({
    ...input,
    listen: ['127.0.0.1'],
    port: PORT,
    health: `127.0.0.1:${HEALTH}`,
    ready: `127.0.0.1:${READY}`,
    prometheus: `127.0.0.1:${METRICS}`,
    zoneFolder: `${PREVIEW}/zones`,
    isCheck: true,
  });
}

export function validation(image: string, input: CorefileInput): Validation {
  return {
    name: 'coredns',
    argv: ['/bin/bash', '-c', SCRIPT, 'check', '{dir}', image, String(HEALTH), FOLDER],
    timeoutSec: 30,
    preview: input.zones.map((zone) => ({ path: `${input.zoneFolder}/db.${zone}`, as: `zones/db.${zone}` })),
    scratch: [{ as: 'Corefile.check', content: corefileForCheck(input).text }],
  };
}
