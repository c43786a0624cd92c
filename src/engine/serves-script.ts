/** For the repair of a host whose peers cannot be leased: a script by which the host itself finds out, at `go`, that it serves by now. Pure. */
import { quoteArgv } from '../ssh/quote.ts';
import type { DesiredHost } from './desired.ts';
import type { Observation } from './observation.ts';
import { memberProbes } from './redundancy.ts';

/** Exits 0 when every zone answers; undefined when there is nothing to ask. `dig` is part of Fedora CoreOS (bind-utils). */
export function servesScript(desired: DesiredHost, observation: Observation): string | undefined {
  const tests = memberProbes(desired, observation).flatMap((probe) => {
    if (probe.kind !== 'dns-zone') return [];
    const dig = quoteArgv([
      'dig',
      '+short',
      '+tries=1',
      '+time=1',
      '-p',
      String(probe.port),
      `@${probe.server}`,
      probe.zone,
      'SOA',
    ]);
    return [`[[ -n "$(${dig} 2>/dev/null | grep -v '^;')" ]]`];
  });
  return tests.length === 0 ? undefined : tests.join(' && ');
}
