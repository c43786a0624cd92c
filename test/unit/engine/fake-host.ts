/** A scripted host behind the Transport: keeps files, units and one slot, and can fail at any step. It speaks the helper's real wire format. */
import { sha256 } from '../../../src/engine/plan-files.ts';
import { helperVersion } from '../../../src/host/helper.ts';
import { LinkLostError } from '../../../src/ssh/errors.ts';
import type { Connection, Dialogue, ExecResult, Transport } from '../../../src/ssh/transport.ts';
import { type FakeFile, unpack } from './unpack-bundle.ts';

export type FaultKind =
  /** The helper refuses or fails this step. */
  | 'error'
  /** The link is lost at this step; the host goes on by itself. */
  | 'link'
  /** The link is lost and the host dies with it: what it was doing is undone at its next boot. */
  | 'crash';

export interface Fault {
  readonly step: string;
  readonly kind: FaultKind;
}

/** The steps that a change set goes through here, in order. `go` and `probe` are the controller's. */
export const FAKE_STEPS = [
  'receive',
  'check',
  'stage',
  'validate',
  'save',
  'ready',
  'arm',
  'swap',
  'daemon-reload',
  'unit',
  'local-checks',
  'applied',
] as const;

export class FakeHost {
  readonly files = new Map<string, FakeFile>();
  readonly units = new Map<string, string>();
  managed: string[] = [];
  slot: { id: string; state: string; before: Map<string, FakeFile>; managed: string[] } | undefined;
  archive = new Map<string, string>();
  bootId = 'boot-1';
  helper = '';
  lease = '';
  statusAsked = 0;
  fault: Fault | undefined;
  /** Connections refused from now on: that many. */
  refuse = 0;
  readonly log: string[] = [];

  transport(): Transport {
    return { connect: async (host) => this.#connect(host.name) };
  }

  #connect(name: string): Connection {
    this.log.push('connect');
    if (this.refuse > 0) {
      this.refuse -= 1;
      throw new LinkLostError(`${name}: connection refused`, { host: name, remedy: 'test' });
    }
    return {
      host: name,
      exec: async (_command, options) => this.#exec(name, Buffer.from(options.stdin ?? '').toString('utf8')),
      start: async () => this.#apply(name),
      forward: () => Promise.reject(new Error('not in this test')),
      close: async () => {},
    };
  }

  #exec(name: string, stdin: string): ExecResult {
    const done = (stdout: string | Buffer): ExecResult => ({
      code: 0,
      stdout: Buffer.from(stdout),
      stderr: Buffer.alloc(0),
    });
    // The verb's call is the last line of the helper's text, and words may be quoted; an install has the helper's own text behind it.
    const [, verb, id = ''] = /\nmain '?([a-z_]+)'?(?: '?([\w-]+)'?)?[^\n]*\n(?:$|[^\n]*\n)/.exec(stdin) ?? [];
    if (verb === undefined) return done(/\nobserve\n$/.test(stdin) ? this.#observation() : this.#contents());
    // A host that is no rpm-ostree system.
    if (verb === 'os_look') return { ...done(''), code: 1 };
    this.log.push(verb);
    this.#faultAt(name, verb);
    const isHeld = /\nmain '?acquire'? [^\n]* '?1'?\n/.test(stdin);
    return done(`${JSON.stringify(this.#answer(verb, id, isHeld))}\n`);
  }

  #answer(verb: string, id: string, isHeld: boolean): object {
    switch (verb) {
      case 'acquire':
        if (isHeld && this.lease !== id) return { step: 'acquire', error: 'locked', message: 'not ours', detail: [] };
        this.lease = id;
        return { step: 'lease', expiresInSec: '30', bootId: this.bootId };
      case 'renew':
        return this.lease === id
          ? { step: 'lease', expiresInSec: '30', bootId: this.bootId }
          : { step: 'renew', error: 'locked', message: 'not ours', detail: [] };
      case 'release':
        if (this.lease === id) this.lease = '';
        return { step: 'released' };
      case 'install_helper':
        this.helper = helperVersion();
        return { step: 'installed', version: this.helper };
      case 'status':
        // Nobody confirms: after a while the guard comes.
        if (++this.statusAsked === 2) this.revert();
        return { step: 'status', id, state: this.slot?.id === id ? this.slot.state : (this.archive.get(id) ?? 'none') };
      case 'confirm':
        return this.#confirm(id);
      case 'revert_request':
        if (this.slot?.id === id) this.revert();
        return { step: 'reverted', id };
    }
    throw new Error(`the fake host has no verb ${verb}`);
  }

  #confirm(id: string): object {
    if (this.slot?.id !== id || this.slot.state !== 'applied')
      return { step: 'confirm', error: 'not-applied', message: 'cannot be confirmed', detail: [] };
    this.archive.set(id, 'confirmed');
    this.slot = undefined;
    return { step: 'confirmed', id, generation: 1 };
  }

  #faultAt(name: string, step: string): void {
    if (this.fault?.step !== step) return;
    const { kind } = this.fault;
    this.fault = undefined;
    if (kind === 'crash') this.revert();
    throw new LinkLostError(`${name}: the link was lost at ${step}`, { host: name, remedy: 'test' });
  }

  /** What the guard or the boot guard does. */
  revert(): void {
    if (this.slot === undefined) return;
    this.files.clear();
    for (const [path, file] of this.slot.before) this.files.set(path, file);
    this.managed = this.slot.managed;
    this.archive.set(this.slot.id, 'reverted');
    this.slot = undefined;
  }

  #apply(name: string): Dialogue {
    this.log.push('apply');
    const chunks: Buffer[] = [];
    let goAhead: (go: boolean) => void = () => {};
    const go = new Promise<boolean>((resolve) => {
      goAhead = resolve;
    });
    let finish: (result: ExecResult) => void = () => {};
    let breakOff: (error: Error) => void = () => {};
    const result = new Promise<ExecResult>((resolve, reject) => {
      finish = resolve;
      breakOff = reject;
    });
    result.catch(() => {});
    const host = this;
    async function* lines(): AsyncGenerator<string> {
      const end = (): void => finish({ code: 0, stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) });
      for (const step of FAKE_STEPS) {
        const fault = host.fault?.step === step ? host.fault : undefined;
        if (fault !== undefined) {
          host.fault = undefined;
          if (fault.kind === 'error') {
            yield JSON.stringify({
              step,
              error: 'write-failed',
              message: `broken at ${step}`,
              detail: ['words of the host'],
            });
            if (host.slot !== undefined) {
              const { id } = host.slot;
              host.revert();
              yield JSON.stringify({ step: 'reverted', id });
            }
            return end();
          }
          if (fault.kind === 'crash') host.revert();
          else if (host.slot !== undefined) await host.#carryOn(chunks, step);
          return breakOff(new LinkLostError(`${name}: the link was lost at ${step}`, { host: name, remedy: 'test' }));
        }
        yield JSON.stringify(step === 'applied' ? { step, id: host.slot?.id ?? '', generation: 1 } : { step });
        if (step === 'ready' && !(await go)) {
          yield JSON.stringify({ step: 'ready', error: 'no-go', message: 'no go', detail: [] });
          return end();
        }
        if (step === 'arm' || step === 'swap') await host.#perform(step, chunks);
        if (step === 'local-checks' && host.slot !== undefined) host.slot.state = 'applied';
      }
      end();
    }
    return {
      write: async (data) => {
        if (data === 'go\n') goAhead(true);
        else chunks.push(Buffer.from(data));
      },
      endInput: () => goAhead(false),
      lines: lines(),
      result,
      abort: () => goAhead(false),
    };
  }

  /** The link is gone, the host is not: it does the rest by itself. */
  async #carryOn(chunks: readonly Buffer[], from: string): Promise<void> {
    for (const step of FAKE_STEPS.slice(FAKE_STEPS.indexOf(from as never))) await this.#perform(step, chunks);
    if (this.slot !== undefined) this.slot.state = 'applied';
  }

  async #perform(step: string, chunks: readonly Buffer[]): Promise<void> {
    const bundle = await unpack(Buffer.concat(chunks));
    if (step === 'arm')
      this.slot = { id: bundle.id, state: 'armed', before: new Map(this.files), managed: this.managed };
    if (step !== 'swap') return;
    for (const path of bundle.deleted) this.files.delete(path);
    for (const [path, file] of bundle.written) this.files.set(path, file);
    for (const unit of bundle.started) this.units.set(unit, 'active');
    this.managed = bundle.managed;
  }

  #contents(): string {
    const fields = [...this.files].flatMap(([path, { content }]) => [
      'file',
      path,
      Buffer.from(content).toString('base64'),
    ]);
    return `${['coreos-infra', '1', ...fields, 'end'].join('\0')}\0`;
  }

  #observation(): Buffer {
    const fields = [
      'coreos-infra',
      '1',
      'facts',
      this.bootId,
      '44.20261101.3.0',
      'fedora',
      'ns1',
      '1',
      '100',
      this.helper,
    ];
    for (const [path, { content, mode, owner, group }] of this.files) {
      fields.push(
        'path',
        'f',
        mode,
        owner,
        group,
        String(Buffer.byteLength(content)),
        '0',
        '',
        path,
        `${sha256(content)}  ${path}`,
      );
    }
    for (const [unit, active] of this.units)
      fields.push('unit', unit, 'loaded', active, 'running', 'generated', 'no', '0');
    if (this.managed.length > 0) fields.push('managed', String(this.managed.length), ...this.managed);
    if (this.slot !== undefined)
      fields.push('slot', this.slot.id, 'config', this.slot.state, 'other', 'admin@desk', '160');
    return Buffer.from(`${[...fields, 'end'].join('\0')}\0`);
  }
}
