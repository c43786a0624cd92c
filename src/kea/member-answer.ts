/** What one member says before a change: time, space, Kea's own state, its configuration and leases. The script and its reader. Pure. */
import { gunzipSync } from 'node:zlib';
import type { HostAnswer } from '../playbook/precondition.ts';
import type { Family } from './addresses.ts';
import { DATA_FOLDER, daemonOf, SOCKET_FOLDER } from './daemon.ts';
import { type HaStatus, parseStatus } from './ha-state.ts';
import type { LeaseFile } from './leases.ts';

/** Longer than Kea needs for any answer, s. */
const SOCKET_SEC = 4;
/** Of one file: more than a million leases. */
const FILE_BYTES_MAX = 256 * 1024 * 1024;

/** `kea FAMILY COMMAND [REST]`: what the server answers on its control socket; nothing, and a failure, when it does not. */
export function askFunction(): string {
  return `kea() { printf '{"command":"%s"%s}' "$2" "\${3-}" | timeout -k 1 ${SOCKET_SEC + 1} socat -t ${SOCKET_SEC} - "UNIX-CONNECT:${SOCKET_FOLDER}/kea$1-ctrl-socket" 2>/dev/null; }`;
}

/** Free KiB where leases are written; their folder may not be there yet. */
export const FREE_KIB = `df --output=avail -k -- ${DATA_FOLDER} 2>/dev/null || df --output=avail -k -- /var/lib`;

/** Lines of a key and a value; files and answers are compressed, so that no byte of theirs can be taken for a line. */
export function memberScript(families: readonly Family[]): string {
  const lines = families.map((family) => {
    const { config, leases } = daemonOf(family);
    return `
printf 'status${family} '; kea ${family} status-get | pack
[[ ! -f ${config} ]] || { printf 'config${family} '; pack <${config}; }
for suffix in '' .1 .2 .completed; do
  [[ ! -f ${DATA_FOLDER}/${leases}$suffix ]] || { printf 'leases${family} %s ' "${leases}$suffix"; pack <"${DATA_FOLDER}/${leases}$suffix"; }
done`;
  });
  return `${askFunction()}
pack() { gzip -1 | base64 -w0; echo; }
printf 'time %s\\n' "$(date +%s.%N)"
printf 'free %s\\n' "$({ ${FREE_KIB}; } | tail -n 1)"${lines.join('')}
`;
}

export interface DaemonAnswer {
  /** undefined: it does not run, or does not answer. */
  readonly status?: HaStatus;
  /** As it stands in /etc/kea. */
  readonly config?: string;
  readonly leaseFiles: readonly LeaseFile[];
}

export interface MemberAnswer {
  readonly host: string;
  /** By how much its clock is ahead of the one that asked, s: true value between these two. */
  readonly aheadSec?: { readonly least: number; readonly most: number };
  /** By its own clock, s since 1970. */
  readonly timeSec?: number;
  readonly freeKib?: number;
  readonly daemons: ReadonlyMap<Family, DaemonAnswer>;
  /** What could not be read. */
  readonly unreadable: readonly string[];
}

export function readMember(host: string, answer: HostAnswer, families: readonly Family[]): MemberAnswer {
  const lines = answer.stdout.split('\n').map((line) => line.split(/ +/));
  const fieldOf = (key: string): string | undefined => lines.find(([name]) => name === key)?.[1];
  const unreadable: string[] = [];
  const unpack = (key: string, packed: string | undefined): string | undefined => {
    if (packed === undefined || packed === '') return undefined;
    try {
      return gunzipSync(Buffer.from(packed, 'base64'), { maxOutputLength: FILE_BYTES_MAX }).toString('utf8');
    } catch {
      unreadable.push(key);
      return undefined;
    }
  };
  const daemons = new Map(
    families.map((family): [Family, DaemonAnswer] => {
      const status = parseStatus(unpack(`status${family}`, fieldOf(`status${family}`)) ?? '');
      const config = unpack(`config${family}`, fieldOf(`config${family}`));
      const leaseFiles = lines.flatMap(([key, name = '', packed]): LeaseFile[] => {
        const text = key === `leases${family}` ? unpack(name, packed) : undefined;
        return text === undefined ? [] : [{ name, text }];
      });
      return [
        family,
        { ...(status === undefined ? {} : { status }), ...(config === undefined ? {} : { config }), leaseFiles },
      ];
    }),
  );
  const time = Number(fieldOf('time') ?? Number.NaN);
  const free = Number(fieldOf('free') || Number.NaN);
  return {
    host,
    ...(Number.isFinite(time)
      ? { timeSec: time, aheadSec: { least: time - answer.answeredMs / 1000, most: time - answer.askedMs / 1000 } }
      : {}),
    ...(Number.isFinite(free) ? { freeKib: free } : {}),
    daemons,
    unreadable,
  };
}
