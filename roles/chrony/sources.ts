/** The .sources files: what chronyd rereads by `chronyc reload sources`, without a restart (chrony.conf(5), sourcedir). Pure. */
import type { Source } from './settings.ts';

const HEADER = '# Written by coreos-infra (role chrony). Changes made here are replaced by the next run.';

/** Each line ends with a newline: chronyd ignores, without a word, one that does not. */
export function sourcesFile(sources: readonly Source[]): string {
  return `${[HEADER, ...sources.map(sourceLine)].join('\n')}\n`;
}

function sourceLine({ kind, host, port, nts, prefer, minpoll, maxpoll, maxsources, key }: Source): string {
  return [
    kind,
    host,
    ...(port === undefined ? [] : [`port ${port}`]),
    // Four quick questions at the start: synchronised after 5 s instead of minutes.
    'iburst',
    // One upstream and a peer that disagree have no majority: without `trust` the host would then follow neither.
    kind === 'peer' ? 'xleave' : 'trust',
    ...(nts ? ['nts'] : []),
    ...(key === undefined ? [] : [`key ${key}`]),
    ...(prefer ? ['prefer'] : []),
    ...(minpoll === undefined ? [] : [`minpoll ${minpoll}`]),
    ...(maxpoll === undefined ? [] : [`maxpoll ${maxpoll}`]),
    ...(maxsources === undefined ? [] : [`maxsources ${maxsources}`]),
  ].join(' ');
}
