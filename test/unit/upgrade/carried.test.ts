/** What a host has of its own is taken along by an upgrade: told beforehand and afterwards, and when it is not so. */
import { describe, expect, test } from 'vitest';
import { carriedBy, carriedText, notCarried } from '../../../src/upgrade/carried.ts';
import { upgradedText } from '../../../src/upgrade/words.ts';
import { states, World } from './world.ts';

const STANDARD =
  'BOOT_IMAGE=(hd0,gpt3)/ostree/vmlinuz ostree=/ostree/boot.1/x/0 ignition.platform.id=metal $ignition_firstboot root=UUID=a rw rootflags=prjquota boot=UUID=b';

describe('what a host has of its own', () => {
  test('is what somebody layered on it or gave its kernel, not what every installation has', () => {
    expect(carriedText(carriedBy({ deployments: [], kernelArguments: STANDARD }))).toBeUndefined();
    const own = carriedBy({
      deployments: [],
      kernelArguments: `${STANDARD} mitigations=auto,nosmt rd.shell  console=ttyS0`,
    });
    expect(own.kernelArguments).toEqual(['mitigations=auto,nosmt', 'rd.shell', 'console=ttyS0']);
    expect(carriedText({ layered: ['htop'], kernelArguments: ['nosmt'] })).toBe('htop, kernel argument nosmt');
  });

  test('is compared in both directions', () => {
    const before = { layered: ['htop', 'vim'], kernelArguments: ['a', 'b=1', 'a'] };
    expect(notCarried(before, before)).toEqual([]);
    expect(notCarried(before, { layered: ['vim', 'strace'], kernelArguments: ['b=2', 'a'] })).toEqual([
      'without htop, which was layered',
      'with strace layered, which was not there',
      'without the kernel argument b=1',
      'with the new kernel argument b=2',
    ]);
  });

  test('stands in the line of an upgrade, and not in that of a rollback, which goes to what the older one had', () => {
    const told = {
      fromRelease: { version: 'a' },
      release: { version: 'b' },
      drift: [],
      tookMs: {},
      carried: { layered: ['htop'], kernelArguments: [] },
    };
    expect(upgradedText({ ...told, action: 'upgrade' })).toBe('a → b · converged · kept htop');
    expect(upgradedText({ ...told, action: 'rollback' })).toBe('a → b · converged');
  });
});

/** The scripted host's kernel has these arguments, boot by boot. */
function withArguments(world: World, name: string, ofBoot: (boots: number) => string): void {
  const host = world.of(name);
  const { connect } = host;
  host.connect = () => {
    const connection = connect.call(host);
    return {
      ...connection,
      exec: async (command, options) => {
        const result = await connection.exec(command, options);
        const plain = `\0${host.bootId}\x00100\0${host.booted.name}\0\0`;
        const text = result.stdout.toString('utf8').replace(plain, `${plain.slice(0, -1)}${ofBoot(host.boots)}\0`);
        return { ...result, stdout: Buffer.from(text) };
      },
    };
  };
}

describe('a roll-out', { timeout: 60_000 }, () => {
  const warnings = (world: World): readonly string[] =>
    world.events.flatMap((event) => (event.event === 'warning' ? [event.message] : []));

  test('says beforehand what a host keeps, and afterwards that it did', async () => {
    const world = new World();
    withArguments(world, 'ns2', () => `${STANDARD} nosmt`);
    const checked = await world.upgrade({}, { check: true });
    expect(checked.hosts['ns2']?.changes[0]?.detail).toBe('old → new; keeps kernel argument nosmt');
    expect(checked.hosts['ns1']?.changes[0]?.detail).toBe('old → new');
    expect(states(await world.upgrade())).toBe('changed changed');
    const [ns2] = world.events.flatMap((event) =>
      event.event === 'host-done' && event.host === 'ns2' && event.message?.includes('→') ? [event.message] : [],
    );
    expect(ns2).toContain('kept kernel argument nosmt');
    expect(warnings(world)).toEqual([]);
  });

  test('warns when it was not kept: that is no reason to go back, and nobody says that it was', async () => {
    const world = new World();
    withArguments(world, 'ns2', (boots) => (boots === 1 ? 'nosmt' : 'quiet'));
    expect(states(await world.upgrade())).toBe('changed changed');
    expect(warnings(world)).toEqual([
      'ns2 came up without the kernel argument nosmt',
      'ns2 came up with the new kernel argument quiet',
    ]);
    const done = world.events.find((event) => event.event === 'host-done' && event.host === 'ns2');
    expect(JSON.stringify(done)).not.toContain('kept');
  });
});
