/** Reads the answer of `os_look`: NUL-separated records, in which rpm-ostree's and ostree's own JSON stands as it is. */
import { FieldReader, printable, stripControls } from './fields.ts';
import { mergeDeployments, readRpmOstree } from './os-deployments.ts';
import type { OsLook, OsPast, OsSlot, OsZincati } from './os-look.ts';
import type { OsDenied } from './os-verbs.ts';
import type { SlotWord } from './steps.ts';

interface Program {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

class Parts {
  host = { bootId: '', uptimeSec: 0, booted: '', kernelArguments: '' };
  rpmOstree: Program | undefined;
  ostree: Program | undefined;
  zincati: OsZincati = { active: '', enabled: '', status: '', isHeldBySlot: false };
  readonly denied: OsDenied[] = [];
  readonly free = new Map<string, number>();
  readonly inhibitors: string[] = [];
  finalizeFailure: string | undefined;
  reconcileFailure: string | undefined;
  slot: OsSlot | undefined;
  readonly past: OsPast[] = [];
}

/**
 * The answer to osLookCall. An rpm-ostree that fails is a value (`failure`), not an error.
 * @throws HostAnswerError when it was cut off, or is not an answer of this helper.
 */
export function parseOsLook(stdout: Buffer): OsLook {
  const reader = new FieldReader(stdout);
  const parts = new Parts();
  for (let type = reader.type(); type !== 'end'; type = reader.type()) {
    const read = Object.hasOwn(RECORDS, type) ? RECORDS[type] : undefined;
    if (read === undefined) throw reader.misread('unknown record');
    read(reader, parts);
  }
  const { rpmOstree, ostree, host, zincati, denied, free, inhibitors, finalizeFailure, reconcileFailure, slot, past } =
    parts;
  const status = rpmOstree?.code === 0 ? readRpmOstree(rpmOstree.stdout) : undefined;
  const deployments = status === undefined ? [] : mergeDeployments(status, ostree?.code === 0 ? ostree.stdout : '');
  return {
    ...host,
    deployments,
    transaction: status?.transaction,
    driver: status?.driver,
    failure: status === undefined ? wordsOf(rpmOstree) : [],
    zincati,
    denied,
    kernelBytes: free.get('kernel'),
    freeBytes: { boot: free.get('boot'), var: free.get('var'), sysroot: free.get('sysroot') },
    inhibitors,
    finalizeFailure,
    reconcileFailure,
    slot,
    past,
  };
}

function wordsOf(program: Program | undefined): readonly string[] {
  if (program === undefined) return ['rpm-ostree was not asked'];
  const lines = program.stderr.split('\n').map(printable);
  return [
    ...lines.filter((line) => line.trim() !== '').slice(-16),
    `rpm-ostree status ended with exit code ${program.code}`,
  ];
}

function readProgram(reader: FieldReader): Program {
  return { code: reader.count(), stdout: reader.text(), stderr: reader.text() };
}

/** A field that a program or a person wrote: fit for a screen. */
function words(reader: FieldReader): string {
  return stripControls(reader.text());
}

const RECORDS: Readonly<Record<string, (reader: FieldReader, into: Parts) => void>> = {
  host(reader, into) {
    into.host = {
      bootId: words(reader),
      uptimeSec: Number(reader.text()),
      booted: words(reader),
      kernelArguments: words(reader),
    };
  },
  'rpm-ostree': (reader, into) => {
    into.rpmOstree = readProgram(reader);
  },
  ostree(reader, into) {
    into.ostree = readProgram(reader);
  },
  zincati(reader, into) {
    into.zincati = {
      active: words(reader),
      enabled: words(reader),
      status: words(reader),
      isHeldBySlot: reader.flag(),
    };
  },
  'zincati-held': (reader, into) => {
    into.zincati = { ...into.zincati, heldFor: words(reader) };
  },
  denied(reader, into) {
    into.denied.push({
      checksum: words(reader),
      target: words(reader),
      version: words(reader),
      cause: words(reader),
      reason: words(reader),
      run: words(reader),
      atMs: reader.count() * 1000,
    });
  },
  free(reader, into) {
    const name = reader.text();
    into.free.set(name, reader.count());
  },
  inhibitor(reader, into) {
    into.inhibitors.push(words(reader));
  },
  'finalize-failure': (reader, into) => {
    into.finalizeFailure = words(reader);
  },
  'reconcile-failure': (reader, into) => {
    into.reconcileFailure = words(reader);
  },
  slot(reader, into) {
    into.slot = {
      id: words(reader),
      run: words(reader),
      owner: words(reader),
      state: words(reader) as SlotWord,
      action: words(reader),
      from: words(reader),
      to: words(reader),
      toVersion: words(reader),
      target: words(reader),
      cause: words(reader),
      trialBoot: words(reader),
      deadlineInSec: secondsOrNone(reader.text()),
    };
  },
  past(reader, into) {
    into.past.push({
      id: words(reader),
      run: words(reader),
      owner: words(reader),
      generation: reader.count(),
      state: words(reader) as SlotWord,
      action: words(reader),
      from: words(reader),
      fromVersion: words(reader),
      to: words(reader),
      toVersion: words(reader),
      target: words(reader),
      cause: words(reader),
      reason: words(reader),
      atMs: reader.count() * 1000,
      detail: Array.from({ length: reader.count() }, () => words(reader)),
    });
  },
};

function secondsOrNone(text: string): number | undefined {
  return /^-?[0-9]{1,10}$/.test(text) ? Number(text) : undefined;
}
