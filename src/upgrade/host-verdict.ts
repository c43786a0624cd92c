/** What the host's own guard saw of its units when it went back, as probes: the history names what failed, whoever saw it. Pure. */
import type { OsPast } from '../host/os-look.ts';
import type { ProbeResult } from '../probes/types.ts';

/** As os_find_red in src/host/os-guard.sh words it: `coredns.service is failed (exit-code)`, joined by `; `. */
const RED = /^(\S+\.[a-z]+) ((?:is|keeps|was) .+)$/;

/** Empty where it went back for another reason, or because the controller told it to. */
export function hostVerdict(past: Pick<OsPast, 'cause' | 'reason'> | undefined, host: string): readonly ProbeResult[] {
  if (past?.cause !== 'checks') return [];
  return past.reason.split('; ').flatMap((words): readonly ProbeResult[] => {
    const [, unit, detail] = RED.exec(words) ?? [];
    if (unit === undefined || detail === undefined) return [];
    return [{ ok: false, service: 'unit', name: `unit ${unit}`, detail, tookMs: 0, from: host }];
  });
}
