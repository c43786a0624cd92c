/** A scripted host with deployments, a slot and a guard, behind the Transport: it speaks the helper's wire format, and fails where it is told to. */
import { LinkLostError } from '../../../src/ssh/errors.ts';
import type { Connection, Dialogue, ExecResult } from '../../../src/ssh/transport.ts';
import type { Release } from '../../../src/upgrade/release.ts';
import type { Deployment, OsFault, RebootTo, Slot } from './fake-os-types.ts';
import { bootId, CONTENT, done, encodeLook, encodeObservation, refusal, resolved, wordsOf } from './fake-os-wire.ts';

/** How long the fake is away when it reboots, ms. */
const AWAY_MS = 20;

export class FakeOsHost {
  readonly name: string;
  readonly log: string[] = [];
  disk: Deployment[];
  booted: Deployment;
  staged: Deployment | undefined;
  slot: Slot | undefined;
  readonly past: { readonly slot: Slot; readonly state: string; readonly reason: string }[] = [];
  denied: string[][] = [];
  bootId = bootId(1);
  boots = 1;
  isUp = true;
  lease = '';
  unit = 'active';
  content = CONTENT;
  isDeployed = true;
  transaction: string | null = null;
  tip: Release;
  /** Other releases of its remote. */
  known: readonly Release[] = [];
  rebootTo: RebootTo = 'new';
  /** Of the new release: its unit does not run; the host's own guard sees that and goes back. */
  breaks = false;
  guards = false;
  fault: OsFault | undefined;
  /** Before each verb. */
  onVerb: (verb: string) => void = () => {};
  /** What the next observation waits for, once it is made: its cable is out. */
  held: Promise<void> | undefined;

  constructor(name: string, booted: Release, tip: Release) {
    this.name = name;
    this.booted = { name: `${booted.checksum}.0`, release: booted };
    this.disk = [this.booted];
    this.tip = tip;
  }

  get version(): string {
    return this.booted.release.version;
  }

  connect(): Connection {
    if (!this.isUp) throw this.#lost('no answer');
    const { bootId: mine } = this;
    const check = (): void => {
      if (!this.isUp || this.bootId !== mine) throw this.#lost('the link was lost');
    };
    return {
      host: this.name,
      exec: async (command, { stdin }) => {
        check();
        const result = this.#exec(command, Buffer.from(stdin ?? '').toString('utf8'));
        await this.held;
        return result;
      },
      start: async (command) => {
        check();
        return this.#start(command);
      },
      forward: () => Promise.reject(new Error('not in this test')),
      close: async () => {},
    };
  }

  #lost(what: string): LinkLostError {
    return new LinkLostError(`${this.name}: ${what}`, { host: this.name, remedy: 'test' });
  }

  #exec(command: string, stdin: string): ExecResult {
    if (command.startsWith('cat /proc/sys/kernel/random/boot_id')) return done(`${this.bootId}\n`);
    if (command === 'systemctl is-system-running')
      return done(this.rebootTo === 'stays-up' ? 'stopping\n' : 'running\n');
    if (/\nobserve\n$/.test(stdin)) return done(encodeObservation(this));
    if (command.includes('ask-the-pair')) return done('');
    const words = wordsOf(stdin, command);
    const [verb = ''] = words;
    this.log.push(verb);
    this.onVerb(verb);
    if (this.fault?.verb === verb && this.fault.kind === 'refused') {
      this.fault = undefined;
      return done(
        `${JSON.stringify({ step: verb, error: 'write-failed', message: `broken at ${verb}`, detail: ['words of the host'] })}\n`,
      );
    }
    if (verb === 'os_look') return done(encodeLook(this));
    const answer = this.#answer(verb, words.slice(1));
    if (this.fault?.verb === verb) {
      this.fault = undefined;
      throw this.#lost(`the link was lost at ${verb}`);
    }
    return done(`${JSON.stringify(answer)}\n`);
  }

  #answer(verb: string, words: readonly string[]): object {
    const [first = ''] = words;
    switch (verb) {
      case 'acquire':
        this.lease = first;
        return { step: 'lease', expiresInSec: '30', bootId: this.bootId };
      case 'renew':
        return this.lease === first
          ? { step: 'lease', expiresInSec: '30', bootId: this.bootId }
          : refusal('renew', 'locked');
      case 'release':
        this.lease = '';
        return { step: 'released' };
      case 'status':
        return this.#status(first);
      case 'os_resolve':
        return resolved(this.tip);
      case 'os_open':
        return this.#open(words);
      case 'os_deadline':
        return this.slot?.state === 'armed' || this.slot?.state === 'applied'
          ? { step: 'deadline', expiresInSec: '30' }
          : refusal('deadline', 'other-slot');
      case 'confirm':
        return this.#confirm(first);
      case 'revert_request':
        return this.#revertRequest(words);
      case 'os_deny':
        this.denied.push([...words.slice(1), '0']);
        return { step: 'denied' };
      case 'os_undeny':
        this.denied = this.denied.filter((entry) => !entry.includes(words[1] ?? ''));
        return { step: 'undenied' };
    }
    throw new Error(`the fake host has no verb ${verb}`);
  }

  #open(words: readonly string[]): object {
    const value = (key: string): string => words[words.indexOf(key) + 1] ?? '';
    this.slot = {
      id: value('id'),
      run: value('run'),
      action: value('action'),
      from: value('from'),
      to: value('to'),
      toVersion: value('toVersion'),
      target: value('target'),
      state: 'armed',
      cause: '',
      trialBoot: '',
      isTold: false,
    };
    return { step: 'opened', id: this.slot.id, generation: '1', zincati: 'inactive' };
  }

  #status(id: string): object {
    const past = this.past.find(({ slot }) => slot.id === id);
    const slot = this.slot?.id === id ? this.slot : past?.slot;
    const state = slot === undefined ? 'none' : (past?.state ?? slot.state);
    const { trialBoot = '', isTold = false } = slot ?? {};
    const os = { kind: 'os', cause: '', from: '', to: '', trialBoot, told: isTold ? '1' : '0' };
    return { step: 'status', id, state, ...os, reason: past?.reason ?? '' };
  }

  #confirm(id: string): object {
    if (this.slot?.id !== id || this.slot.state !== 'applied') return refusal('confirm', 'not-applied');
    const isGone = !this.disk.some(({ name }) => name === this.slot?.from);
    this.#end('confirmed', '');
    return { step: 'confirmed', id, generation: '1', wayBack: isGone ? 'gone' : '' };
  }

  #revertRequest([id = '', cause = '', reason = '']: readonly string[]): object {
    if (this.slot?.id !== id) return this.#status(id);
    this.slot.cause = cause;
    if (this.booted.name === this.slot.from) {
      this.staged = undefined;
      this.#end('reverted', reason);
      return { step: 'reverted', id };
    }
    this.goBack(cause, reason);
    return { step: 'going-back', id, to: this.slot?.from ?? '' };
  }

  /** The guard's, or the boot guard's: back to what it was, by another boot. */
  goBack(cause: string, reason: string): void {
    const { slot } = this;
    if (slot === undefined) return;
    slot.state = 'reverting';
    slot.cause = cause;
    this.#boot(this.disk.find(({ name }) => name === slot.from) ?? this.booted, () => this.#end('reverted', reason));
  }

  #end(state: string, reason: string): void {
    if (this.slot !== undefined) this.past.push({ slot: this.slot, state, reason });
    this.slot = undefined;
  }

  #boot(into: Deployment, then: () => void = () => {}): void {
    this.isUp = false;
    this.lease = '';
    this.staged = undefined;
    setTimeout(() => {
      this.booted = into;
      this.boots += 1;
      this.bootId = bootId(this.boots);
      this.isUp = true;
      this.unit = 'active';
      then();
    }, AWAY_MS);
  }

  /** After `go`: as it was told by the test. */
  reboot(): void {
    if (this.rebootTo === 'nowhere') this.isUp = false;
    else if (this.slot !== undefined) this.#leave(this.slot);
    else if (this.rebootTo !== 'stays-up' && this.rebootTo !== 'never-heard') this.#boot(this.booted);
  }

  #leave(slot: Slot): void {
    if (this.rebootTo === 'never-heard-ended') this.#revertRequest([slot.id, 'deadline', 'nobody went on in time']);
    slot.isTold = !this.rebootTo.startsWith('never-heard');
    if (this.rebootTo === 'stays-up' || !slot.isTold) return;
    const target = this.staged ?? this.disk.find(({ name }) => name === slot.to) ?? this.booted;
    if (this.rebootTo === 'old') {
      this.#boot(this.booted, () => this.#end('reverted', 'it never came up with the new release'));
      return;
    }
    if (this.rebootTo === 'other') {
      const stranger = { name: `${'9'.repeat(64)}.0`, release: { version: 'stranger', checksum: '9'.repeat(64) } };
      this.#boot(stranger, () => void Object.assign(slot, { state: 'failed' }));
      return;
    }
    this.disk = [target, ...this.disk.filter(({ name }) => name !== target.name)];
    this.#boot(target, () => {
      Object.assign(slot, { state: 'applied', trialBoot: this.bootId });
      if (this.breaks) this.unit = 'failed';
      if (this.guards) setTimeout(() => this.goBack('checks', 'web.service is failed'), AWAY_MS);
    });
  }

  #start(command: string): Dialogue {
    const words = wordsOf('', command);
    const [verb = ''] = words;
    this.log.push(verb);
    this.onVerb(verb);
    let goAhead: (go: boolean) => void = () => {};
    const go = new Promise<boolean>((resolve) => {
      goAhead = resolve;
    });
    const fault = this.fault?.verb === verb ? this.fault : undefined;
    if (fault !== undefined) this.fault = undefined;
    const lines = verb === 'os_stage' ? this.#stage(fault, words[4]) : this.#go(fault, go);
    return {
      write: async () => goAhead(true),
      endInput: () => goAhead(false),
      lines,
      result: Promise.resolve({ code: 0, stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) }),
      abort: () => goAhead(false),
    };
  }

  async *#stage(fault: OsFault | undefined, revision = ''): AsyncGenerator<string> {
    yield JSON.stringify({ step: 'progress', text: 'Staging deployment...' });
    if (fault?.kind === 'refused') {
      const detail = ['No space left on device'];
      yield JSON.stringify({ step: 'stage', error: 'stage-failed', message: 'no space', detail });
      return;
    }
    const release = this.known.find(({ checksum = '' }) => revision.endsWith(checksum)) ?? this.tip;
    const serial = this.disk.filter(({ name }) => name.startsWith(`${release.checksum}.`)).length;
    this.staged = { name: `${release.checksum}.${serial}`, release };
    if (this.slot !== undefined) this.slot.to = this.staged.name;
    if (fault?.kind === 'lost') throw this.#lost('the link was lost while staging');
    yield JSON.stringify({ step: 'staged', id: this.slot?.id, to: this.staged.name, version: release.version });
  }

  async *#go(fault: OsFault | undefined, go: Promise<boolean>): AsyncGenerator<string> {
    yield JSON.stringify({ step: 'ready' });
    if (!(await go)) {
      yield JSON.stringify({ step: 'go', error: 'no-go', message: 'no go', detail: [] });
      return;
    }
    if (fault?.kind === 'refused') {
      yield JSON.stringify({
        step: 'go',
        error: 'inhibitor',
        message: 'somebody holds it back',
        detail: ['a person: backup'],
      });
      return;
    }
    this.reboot();
    if (fault?.kind === 'lost') throw this.#lost('the link was lost at go');
    yield JSON.stringify({ step: 'rebooting' });
  }
}
