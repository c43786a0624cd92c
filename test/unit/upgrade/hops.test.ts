/** A roll-out over a barrier: both hosts take each hop together, and what is told is where a host really is. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Summary } from '../../../src/engine/events.ts';
import { defineUpgrade } from '../../../src/upgrade/define.ts';
import { settingsFor } from '../../../src/upgrade/settings.ts';
import { graphText, release } from './graphs.ts';
import { expectCalm, states, World } from './world.ts';

const file = join(mkdtempSync(join(tmpdir(), 'coreos-infra-graph-')), 'graph.json');
writeFileSync(
  file,
  graphText(
    [{ version: 'old' }, { version: 'barrier', barrier: true }, { version: 'new' }],
    [
      [0, 1],
      [1, 2],
    ],
  ),
);
const upgrade = defineUpgrade({ name: 'upgrade', soak: '0s', within: '20s', reboot_within: '20s', graph: file });

class BarrierWorld extends World {
  readonly confirmed: string[] = [];

  constructor() {
    super();
    for (const one of this.hosts.values()) {
      one.known = [release('barrier', 1_500)];
      one.onVerb = (verb) => this.heard(verb, `${one.name} ${one.version}`);
    }
  }

  /** Before each verb, with the host and what it runs. */
  heard(verb: string, where: string): void {
    if (verb === 'confirm') this.confirmed.push(where);
  }

  go(): Promise<Summary> {
    return this.upgrade({ settings: (one) => settingsFor(one, upgrade) });
  }

  /** The last words of a host. */
  said(host: string): string {
    return (
      this.events
        .flatMap((event) => (event.event === 'host-done' && event.host === host ? [event.message ?? ''] : []))
        .at(-1) ?? ''
    );
  }
}

describe.concurrent('over a barrier', { timeout: 60_000 }, () => {
  test('both hosts go before either goes on, and the whole way is told', async () => {
    const world = new BarrierWorld();
    const summary = await world.go();
    expect(states(summary)).toBe('changed changed');
    expect(world.confirmed).toEqual(['ns2 barrier', 'ns1 barrier', 'ns2 new', 'ns1 new']);
    for (const name of ['ns1', 'ns2']) {
      expect(summary.hosts[name]?.changes[0]?.detail).toBe('old → barrier → new');
      expect(world.said(name)).toMatch(/^old → barrier → new · /);
    }
    expectCalm(world);
  });

  test('a host that was confirmed at the barrier is told to be there, whatever ends the roll-out', async () => {
    const world = new BarrierWorld();
    world.of('ns1').rebootTo = 'old';
    const summary = await world.go();
    expect(states(summary)).toBe('reverted skipped');
    expect(world.versions).toBe('old barrier');
    expect(summary.hosts['ns2']?.changes).toMatchObject([{ resource: 'os:fedora-coreos', detail: 'old → barrier' }]);
    expect(world.said('ns2')).toMatch(/^taken no further: old → barrier · /);
    expectCalm(world);
  });

  test('and so it is after Ctrl-C', async () => {
    const world = new BarrierWorld();
    world.heard = (verb, where) => {
      if (verb === 'confirm' && where === 'ns1 barrier') world.user.abort();
    };
    const summary = await world.go();
    expect([states(summary), world.versions]).toEqual(['skipped skipped', 'barrier barrier']);
    for (const name of ['ns1', 'ns2']) expect(summary.hosts[name]?.changes[0]?.detail).toBe('old → barrier');
    expectCalm(world);
  });
});
