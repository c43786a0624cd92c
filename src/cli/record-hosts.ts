/** Puts a command into the history that has no event stream: how it ended on each host is all there is to say. */
import { errorReport, statusOfError } from '../engine/error-report.ts';
import type { ExitCode, InfraError } from '../errors.ts';
import type { Host } from '../inventory/model.ts';
import { drawRunId } from '../report/stream.ts';
import { maskKnown } from '../secrets/known.ts';
import { outcomeOf } from '../store/collect.ts';
import { redactor, redactRecord } from '../store/redact.ts';
import type { Project } from './context.ts';
import { HistoryKeeper } from './history-keeper.ts';
import type { InventoryFlags } from './target-inventory.ts';

export interface HostsEnded {
  readonly command: string;
  readonly flags: InventoryFlags;
  readonly project: Project;
  readonly exit: ExitCode;
  readonly results: readonly (
    | { readonly host: Host; readonly value: ExitCode }
    | { readonly host: Host; readonly error: InfraError }
  )[];
}

export async function recordHosts({ command, flags, project, exit, results }: HostsEnded): Promise<void> {
  const keeper = new HistoryKeeper({ id: drawRunId(), command, flags, project });
  try {
    await keeper.ready();
    const head = keeper.head();
    const record = {
      ...head,
      process: null,
      endedAt: new Date().toISOString(),
      durationMs: null,
      outcome: outcomeOf(exit),
      exit,
      error: null,
      availability: null,
      hosts: results.map((result) => ({
        host: result.host.name,
        status:
          'error' in result ? statusOfError(result.error) : result.value === 0 ? ('ok' as const) : ('failed' as const),
        tookMs: null,
        resources: null,
        message: null,
        error: 'error' in result ? errorReport(result.error) : null,
        changes: [],
        probes: [],
      })),
      notes: [],
    };
    keeper.write(redactRecord(record, redactor(maskKnown)));
  } finally {
    keeper.close();
  }
}
