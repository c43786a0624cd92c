/** Names that records point to: they must exist, be no alias where that is forbidden, and be what was meant. */
import { isDotLost, lostDotRemedy } from './check-names.ts';
import { foldName } from './names.ts';
import type { ProblemLog } from './problems.ts';
import type { NameUse } from './rdata-reader.ts';
import type { ZoneRecord } from './zone.ts';
import type { ZoneIndex } from './zone-index.ts';

/** Types whose (last) name is a target that should exist. */
const POINTERS = new Set([
  'NS',
  'MX',
  'SRV',
  'CNAME',
  'PTR',
  'DNAME',
  'SVCB',
  'HTTPS',
  'AFSDB',
  'KX',
  'RT',
  'LP',
  'NAPTR',
]);
/** Those of them that need an address (RFC 2181 §10.3, RFC 2782), with what their target is. */
const HOSTS: Readonly<Record<string, string>> = { NS: 'name server', MX: 'mail server', SRV: 'server' };

export function checkTargets(index: ZoneIndex, records: readonly ZoneRecord[], log: ProblemLog): void {
  for (const record of records) {
    const lost = record.names.filter((use) => refuseLostDot(index, record, use, log));
    const target = record.names.at(-1);
    if (target === undefined || lost.includes(target) || !POINTERS.has(record.type) || target.name === '.') continue;
    if (refuseAddress(index, record, target, log)) continue;
    const role = HOSTS[record.type];
    if (role === undefined) checkExists(index, record, target, log);
    else checkHost(index, record, target, role, log);
  }
  checkLoops(index, records, log);
}

function refuseLostDot(index: ZoneIndex, record: ZoneRecord, { written, name }: NameUse, log: ProblemLog): boolean {
  if (written === undefined || written.endsWith('.') || !isDotLost(written, name, index.apex)) return false;
  log.add({
    code: 'missing-dot',
    message: `${written} without a dot at its end means ${name}`,
    remedy: lostDotRemedy(written, name),
    where: record.where,
  });
  return true;
}

function refuseAddress(index: ZoneIndex, record: ZoneRecord, { written }: NameUse, log: ProblemLog): boolean {
  if (written === undefined || !/^(?:\d{1,3}\.){3}\d{1,3}\.?$/.test(written) || index.apex.endsWith('.arpa.'))
    return false;
  log.add({
    code: 'address-as-name',
    message: `${record.type} record with an address`,
    remedy: `${record.type} takes a name (RFC 1035 §3.3). Give ${written} a name with an A record, and write that.`,
    where: record.where,
  });
  return true;
}

function checkHost(
  index: ZoneIndex,
  record: ZoneRecord,
  { name, written }: NameUse,
  role: string,
  log: ProblemLog,
): void {
  const state = index.state(name);
  const alias = index.answers(name, 'CNAME')[0];
  if (alias !== undefined && state !== 'below-cut') {
    const rule = record.type === 'SRV' ? 'RFC 2782' : 'RFC 2181 §10.3';
    log.add({
      code: 'target-is-cname',
      message: `${role} ${name} is an alias`,
      remedy: `${record.type} must name a host with addresses, not a CNAME (${rule}). Write ${alias.names[0]?.name ?? 'its target'}.`,
      where: record.where,
      also: [alias.where],
    });
    return;
  }
  if (state === 'outside' || state === 'below-dname' || index.hasAddress(name)) return;
  if (state === 'below-cut' && !(record.type === 'NS' && index.cutAbove(foldName(name)) === foldName(record.owner)))
    return;
  const code = record.type === 'NS' ? 'ns-without-address' : 'dangling-target';
  log.add({
    code,
    message: `${role} ${name} has no address`,
    remedy: isDotted(written) ? dottedRemedy(written) : `Add an A or AAAA record for ${name}`,
    where: record.where,
  });
}

function checkExists(index: ZoneIndex, record: ZoneRecord, { name, written }: NameUse, log: ProblemLog): void {
  if (index.state(name) !== 'missing') return;
  const message = `${record.type} to ${name}, which does not exist`;
  // A PTR whose target lies in the reverse zone never names a host.
  if (isDotted(written) || (record.type === 'PTR' && index.apex.endsWith('.arpa.'))) {
    log.add({ code: 'dangling-target', message, remedy: dottedRemedy(written ?? name), where: record.where });
  } else {
    log.add({
      severity: 'warning',
      code: 'dangling-target',
      message,
      remedy: `Add a record for ${name}, or remove this one.`,
      where: record.where,
    });
  }
}

/** Relative and with a dot inside: likely to be meant as a full name. */
function isDotted(written: string | undefined): written is string {
  return written !== undefined && !written.endsWith('.') && /[^\\]\./.test(written);
}

function dottedRemedy(written: string): string {
  return `Write ${written}. with a dot at its end if it is a full name; else add the record that it points to.`;
}

/** CNAMEs that lead back to themselves have no answer. */
function checkLoops(index: ZoneIndex, records: readonly ZoneRecord[], log: ProblemLog): void {
  const settled = new Set<string>();
  for (const start of records) {
    if (start.type !== 'CNAME') continue;
    const path = new Map<string, ZoneRecord>();
    let at: ZoneRecord | undefined = start;
    while (at !== undefined && !path.has(foldName(at.owner)) && !settled.has(foldName(at.owner))) {
      path.set(foldName(at.owner), at);
      at = index.at(at.names[0]?.name ?? '.', 'CNAME')[0];
    }
    if (at !== undefined && path.has(foldName(at.owner))) {
      log.add({
        code: 'cname-loop',
        message: `CNAME of ${start.owner} leads back to itself`,
        remedy: 'Let one of these names have the data.',
        where: start.where,
        also: [...path.values()].map(({ where }) => where),
      });
    }
    for (const name of path.keys()) settled.add(name);
  }
}
