/** Proves on the host that this very image accepts this very configuration, with the host's own interfaces; nothing of the service is touched. */
import type { Validation } from 'coreos-infra';
import type { Daemon } from '../../src/kea/daemon.ts';

/** The preview folder inside the container. */
const PREVIEW = '/check';

/**
 * $1: preview folder, $2: image, $3: program, $4: where the file will stand. First `-t` on the file itself; then `-T`, which also opens
 * hooks and leases, on the copy without HA's own listener and with a scratch folder for leases (it would create the lease file).
 */
const SCRIPT = `
kea() {
  podman run --rm --label coreos-infra.check=1 --network host --pull never --read-only --security-opt label=disable \\
    --cap-drop ALL --cap-add NET_BIND_SERVICE --cap-add NET_RAW --volume "$1:${PREVIEW}:ro" \\
    --env KEA_DHCP_DATA_DIR=/tmp --env KEA_PIDFILE_DIR=/tmp --env KEA_LOCKFILE_DIR=/tmp \\
    --entrypoint "$3" "$2" "$5" "${PREVIEW}/$6" 2>&1
}
check() {
  local said
  said=$(kea "$@") && return 0
  # Kea logs as it goes; what it complains about is said in other words.
  grep -vE '^[0-9]{4}-[0-9]{2}-[0-9]{2} .* (INFO|DEBUG) ' <<<"$said" | sed 's#${PREVIEW}/[a-z]*\\.conf#'"$4"'#g'
  return 1
}
check "$@" -t real.conf || exit 1
check "$@" -T trial.conf
`;

/** `trial`: renderForTrial of the same settings. */
export function validation(daemon: Daemon, image: string, trial: string): Validation {
  return {
    name: `${daemon.name} -t`,
    argv: ['/bin/bash', '-c', SCRIPT, 'check', '{dir}', image, daemon.program, daemon.config],
    timeoutSec: 60,
    preview: [{ path: daemon.config, as: 'real.conf' }],
    scratch: [{ as: 'trial.conf', content: trial }],
  };
}
