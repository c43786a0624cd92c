/** Has the host's own chronyd look at what is coming, beside the one that runs: nothing of the service is touched. */
import type { Validation } from 'coreos-infra';

/**
 * `$1`: the preview. First the very file; then a start on scratch settings, since chronyd accepts by -p what it then dies of (a
 * missing leap second list, a network card without time stamps). -x: the clock is left alone. Whoever lives for 2 s has
 * read and opened everything.
 */
const SCRIPT = `
set -o pipefail
chronyd -p -f "$1/chrony.conf" 2>&1 >/dev/null | sed "s#$1/#/etc/#g" || exit 1
said=$(timeout 2 chronyd -x -d "include $1/start.conf" "pidfile $1/chronyd.pid" 2>&1)
(($? != 124)) || exit 0
echo 'chronyd accepts this file and does not survive its start with it:'
echo "\${said//"$1/start.conf"//etc/chrony.conf}"
exit 1
`;

/** `path` is where chrony.conf will stand; `scratch` is `scratchConf` of the same settings. */
export function confValidation(path: string, scratch: string): Validation {
  return {
    name: 'chronyd',
    argv: ['/bin/bash', '-c', SCRIPT, 'check', '{dir}'],
    timeoutSec: 15,
    preview: [{ path, as: 'chrony.conf' }],
    scratch: [{ as: 'start.conf', content: scratch }],
  };
}

/** chronyd -p prints a sourcedir and does not look into it: the file is given to it as if it were a configuration. */
export function sourcesValidation(path: string): Validation {
  return {
    name: `chronyd (${path})`,
    argv: ['chronyd', '-p', '-f', '{dir}/sources.conf'],
    timeoutSec: 10,
    preview: [{ path, as: 'sources.conf' }],
    scratch: [],
  };
}
