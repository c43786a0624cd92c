/** Owners that are probably not what was meant, and records that nobody will ever be answered with. */
import { foldName, labelsOf } from './names.ts';
import type { ProblemLog } from './problems.ts';
import type { ZoneRecord } from './zone.ts';
import type { ZoneIndex } from './zone-index.ts';

export function checkNames(index: ZoneIndex, records: readonly ZoneRecord[], log: ProblemLog): void {
  for (const record of records) {
    checkLostDot(index, record, log);
    checkHostName(record, log);
    checkWildcard(record, log);
    checkReachable(index, record, log);
  }
}

/** `www.example.com` without a dot at its end becomes `www.example.com.example.com.` */
function checkLostDot(index: ZoneIndex, record: ZoneRecord, log: ProblemLog): void {
  if (record.ownerWritten !== undefined && isDotLost(record.ownerWritten, record.owner, index.apex)) {
    log.add({
      code: 'missing-dot',
      message: `${record.ownerWritten} without a dot at its end means ${record.owner}`,
      remedy: lostDotRemedy(record.ownerWritten, record.owner),
      where: record.where,
    });
  }
}

/** Was a name, relative as written, probably meant in full? A single label may be a host that is named like the zone. */
export function isDotLost(written: string, meant: string, apex: string): boolean {
  const zone = apex.slice(0, -1);
  const name = foldName(written);
  // Below $ORIGIN . both are the same.
  if (foldName(meant) === `${name}.`) return false;
  return name.endsWith(`.${zone}`) || (name === zone && zone.includes('.'));
}

export function lostDotRemedy(written: string, meant: string): string {
  return `Write ${written}. with a dot at its end, or ${meant} if that is what you mean.`;
}

function checkHostName(record: ZoneRecord, log: ProblemLog): void {
  if (record.type !== 'A' && record.type !== 'AAAA') return;
  const bad = labelsOf(record.owner).find(
    (label, i) => !(i === 0 && label === '*') && !/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/i.test(label),
  );
  if (bad === undefined) return;
  const remedy = 'Host names have letters, digits and hyphens only (RFC 1123 §2.1); some clients refuse others.';
  log.add({
    severity: 'warning',
    code: 'host-name',
    message: `${JSON.stringify(bad)} is no label of a host name`,
    remedy,
    where: record.where,
  });
}

/** An asterisk is a wildcard only as the whole leftmost label (RFC 4592 §2.1.1). */
function checkWildcard(record: ZoneRecord, log: ProblemLog): void {
  if (!labelsOf(record.owner).slice(1).includes('*')) return;
  log.add({
    severity: 'warning',
    code: 'wildcard',
    message: `the "*" in ${record.owner} matches only itself`,
    remedy: 'A wildcard is the leftmost label (RFC 4592 §2.1.1).',
    where: record.where,
  });
}

/** Data below a delegation or a DNAME is hidden by it (RFC 1034 §4.2.1, RFC 6672 §2.4); addresses may be glue. */
function checkReachable(index: ZoneIndex, record: ZoneRecord, log: ProblemLog): void {
  const owner = foldName(record.owner);
  const cut = index.cutAbove(owner);
  const isGlue = record.type === 'A' || record.type === 'AAAA';
  const atCut = owner === cut && ['NS', 'DS', 'NSEC', 'RRSIG'].includes(record.type);
  if (cut !== undefined && !atCut && !isGlue) {
    log.add({
      severity: 'warning',
      code: 'hidden',
      message: `${record.owner} ${record.type} is hidden by the delegation of ${cut}`,
      remedy: `It belongs in the zone ${cut} Move it there, or remove the delegation.`,
      where: record.where,
      also: index.at(cut, 'NS').map(({ where }) => where),
    });
  }
  for (const dname of dnamesAbove(index, owner)) {
    log.add({
      severity: 'warning',
      code: 'hidden',
      message: `${record.owner} ${record.type} is hidden by the DNAME of ${dname.owner}`,
      remedy: 'Names below a DNAME are answered from its target (RFC 6672 §2.4). Remove one of the two.',
      where: record.where,
      also: [dname.where],
    });
  }
}

function dnamesAbove(index: ZoneIndex, owner: string): readonly ZoneRecord[] {
  if (!index.hasDnames) return [];
  return index.ancestors(owner).flatMap((up) => index.at(up, 'DNAME'));
}
