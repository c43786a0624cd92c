/** Asks the lab's hosts for one record, as a client would. */
import { selectHosts } from '../inventory/pattern.ts';
import { runProbes } from '../probes/run.ts';
import { printable } from '../report/sanitize.ts';
import type { Project } from './context.ts';
import { loadTargetInventory } from './target-inventory.ts';

export interface Question {
  readonly name: string;
  /** The address that the answer must have. */
  readonly expect: string;
}

export interface Answer {
  readonly host: string;
  readonly address: string;
  /** `www.example.com A 192.0.2.80 …` */
  readonly text: string;
  readonly isRight: boolean;
}

/** One answer per host of the group dns. */
export async function askHosts(
  project: Project,
  labName: string | undefined,
  { name, expect }: Question,
): Promise<readonly Answer[]> {
  const lab = labName === undefined ? { lab: true as const } : { labName };
  const inventory = await loadTargetInventory(lab, project);
  const hosts = selectHosts(inventory, 'dns');
  const probes = hosts.map(({ address }) => ({
    kind: 'dns-name' as const,
    server: address,
    port: 53,
    name,
    type: 'A',
    expect,
  }));
  const results = await runProbes(probes, { timeoutMs: 2_000, tries: 3 });
  return hosts.map(({ name: host, address }, index) => {
    const result = results[index];
    return {
      host,
      address,
      text: `${name} A → ${printable(result?.detail.replace(/^NOERROR /, '') ?? 'not asked')}`,
      isRight: result?.ok === true,
    };
  });
}
