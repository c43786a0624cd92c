/** The summary of a playbook's command line that could not even be begun, for --json. */
import { errorReport } from '../engine/error-report.ts';
import { abortedSummary } from '../report/abort.ts';
import { jsonLine } from '../report/ndjson.ts';
import { EMPTY_VIEW } from '../report/run-view.ts';
import { drawRunId } from '../report/stream.ts';

export function failureLine(playbook: string, failure: unknown): string {
  const { event, ...fields } = abortedSummary({
    view: EMPTY_VIEW,
    playbook,
    check: false,
    durationMs: 0,
    error: errorReport(failure),
  });
  return jsonLine({ event, at: new Date().toISOString(), run: drawRunId(), ...fields });
}
