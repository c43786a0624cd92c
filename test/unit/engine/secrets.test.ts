/** Secrets in plans: shown as `changed (secret)`, compared in private, and in the bundle only. */
import { inspect } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { buildChangeSet } from '../../../src/engine/build-change-set.ts';
import { describeChanges } from '../../../src/engine/describe.ts';
import type { DesiredHost } from '../../../src/engine/desired.ts';
import { desiredHost } from '../../../src/engine/desired.ts';
import { DesiredStateError } from '../../../src/engine/errors.ts';
import { objectPath } from '../../../src/engine/hand-edit.ts';
import type { Observation } from '../../../src/engine/observation.ts';
import { pathsToShow, plan } from '../../../src/engine/plan.ts';
import { sha256 } from '../../../src/engine/plan-files.ts';
import { withPodmanSecrets } from '../../../src/engine/podman-secrets.ts';
import { restoredHost } from '../../../src/engine/restored-host.ts';
import { encodeBundle } from '../../../src/host/bundle.ts';
import { encodeManaged } from '../../../src/host/managed.ts';
import { parseObservation } from '../../../src/host/wire.ts';
import { defineRole, Type, use } from '../../../src/index.ts';
import { ResourceError } from '../../../src/resources/errors.ts';
import {
  command,
  environmentSecret,
  file,
  mountedSecret,
  podmanSecret,
  quadlet,
  unit,
} from '../../../src/resources/index.ts';
import { forgetSecrets } from '../../../src/secrets/known.ts';
import { secretOf, secretText, sourcedSecret } from '../../../src/secrets/secret.ts';
import { desired, host, managed, observation, present } from './build.ts';

afterEach(forgetSecrets);

const PATH = '/etc/app/keys';
const text = (value: string) => secretText`key ${secretOf(value)}\n`;
const header = { id: 'aaaaaaaaaaaa', run: 'r', owner: 'me@here', confirmWithinSec: 60 };
const serials = new Map<string, number>();
const changesOf = (wanted: DesiredHost, seen: Observation) => plan({ desired: wanted, observation: seen, serials });
/** Deterministic in place of random. */
const draw = (digit: string) => (digits: number) => digit.repeat(digits);

describe('a file with a secret', () => {
  it.each([
    ['no mode', undefined, 0o600],
    ['0600', 0o600, 0o600],
    ['0640', 0o640, 0o640],
    ['0400', 0o400, 0o400],
  ])('with %s is taken', (_name, mode, expected) => {
    expect(file(PATH, { content: text('x'), ...(mode === undefined ? {} : { mode }) }).mode).toBe(expected);
  });

  it.each([0o644, 0o660, 0o604, 0o700, 0o4600])('with mode %o is refused', (mode) => {
    expect(() => file(PATH, { content: text('x'), mode })).toThrow(ResourceError);
  });

  it('whose secret was put into plain text by mistake is refused, and so are units and commands', () => {
    const secret = secretOf('hunter22');
    expect(() => file(PATH, { content: `key ${secret}\n` })).toThrow(/would hold the word \(secret\)/);
    expect(() => file(PATH, { content: JSON.stringify({ secret }) })).toThrow(ResourceError);
    expect(() => quadlet('app.container', { Container: { Environment: `KEY=${secret}` } })).toThrow(ResourceError);
    expect(() => quadlet('app.container', { Container: { Environment: secret as never } })).toThrow(ResourceError);
    expect(() => command('x', { script: `echo ${secret}`, creates: '/etc/x' })).toThrow(ResourceError);
  });

  it('is compared by its content and changes nothing when it is the same', () => {
    const wanted = desired(file(PATH, { content: text('hunter22') }));
    const same = { [PATH]: present('key hunter22\n', { mode: 0o600 }) };
    expect(changesOf(wanted, observation({ paths: same }))).toEqual([]);
    const other = { [PATH]: present('key hunter23\n', { mode: 0o600 }) };
    expect(changesOf(wanted, observation({ paths: other }))).toMatchObject([{ kind: 'write', action: 'update' }]);
  });

  it('is told as changed (secret): neither content, nor hand edit, nor hash leaves the plan', async () => {
    const wanted = desired(file(PATH, { content: text('hunter22'), mode: 0o640 }));
    const seen = observation({
      paths: { [PATH]: present('key by-hand\n', { mode: 0o600 }) },
      managed: [managed(PATH, 'key hunter21\n', { mode: 0o600, secret: true })],
    });
    const changes = changesOf(wanted, seen);
    expect(pathsToShow(changes)).toEqual([]);
    const contents = new Map([
      [PATH, Buffer.from('key by-hand\n')],
      [objectPath(sha256('key hunter21\n')), Buffer.from('key hunter21\n')],
    ]);
    const reports = await describeChanges(changes, contents);
    expect(reports).toEqual([
      {
        resource: `file:${PATH}`,
        action: 'update',
        detail: 'changed (secret) (edited on the host by hand), mode 0600 → 0640',
      },
    ]);
  });

  it('that a role no longer describes, or that becomes plain, is not shown either', async () => {
    const seen = observation({
      paths: { [PATH]: present('key hunter21\n', { mode: 0o600 }) },
      managed: [managed(PATH, 'key hunter21\n', { mode: 0o600, secret: true })],
    });
    const contents = new Map([[PATH, Buffer.from('key hunter21\n')]]);
    for (const wanted of [desired(), desired(file(PATH, { content: 'nothing\n' }))]) {
      const changes = changesOf(wanted, seen);
      expect(changes).toHaveLength(1);
      expect(pathsToShow(changes)).toEqual([]);
      expect(JSON.stringify(await describeChanges(changes, contents))).not.toContain('hunter');
    }
  });

  it('that was not read counts as what was written last', () => {
    const unread = desired(file(PATH, { content: secretText`key ${sourcedSecret({ kind: 'env', name: 'X' })}` }));
    const entry = managed(PATH, 'key hunter21\n', { mode: 0o600, secret: true });
    const as = (content: string) =>
      observation({ paths: { [PATH]: present(content, { mode: 0o600 }) }, managed: [entry] });
    expect(changesOf(unread, as('key hunter21\n'))).toEqual([]);
    expect(changesOf(unread, as('by hand\n'))).toMatchObject([{ handEdited: true }]);
  });

  it('is in the bundle, and nowhere else: not in the command line, not in the change set that is printed', () => {
    const seen = observation();
    const wanted = desired(file(PATH, { content: text('hunter22') }));
    const changeSet = buildChangeSet(header, wanted, seen, serials, changesOf(wanted, seen));
    if (changeSet === undefined) throw new Error('no change set');
    expect(inspect(changeSet, { depth: null, showHidden: true })).not.toContain('hunter22');
    expect(JSON.stringify(changeSet)).not.toContain('hunter22');
    const { bytes, command } = encodeBundle(changeSet, { token: 't' });
    expect(command).not.toContain('hunter22');
    expect(Buffer.from(bytes).toString('latin1').split('key hunter22\n').length - 1).toBe(2); // new/ and objects/
    expect(changeSet.managed).toMatchObject([{ path: PATH, secret: true, kind: 'file' }]);
  });
});

describe('the manifest', () => {
  it('remembers which files held secrets, and podman’s', () => {
    const entries = [managed(PATH, 'x', { secret: true }), managed('/etc/plain', 'y')];
    const secrets = [{ role: 'web', name: 'db-a', hostName: 'db-a-0123456789ab', fingerprint: 'aa:bb' }];
    const fields = encodeManaged(entries, secrets);
    const count = fields.split('\0').length - 1;
    const facts = ['facts', 'b1', '44', 'fedora', 'ns1', '1', '100', ''].join('\0');
    const records = ['coreos-infra', '1', facts, 'managed', String(count), fields.slice(0, -1)];
    const answer = [...records, 'secret', 'db-a-0123456789ab', 'end', ''].join('\0');
    const seen = parseObservation(Buffer.from(answer));
    expect(seen.managed).toEqual(entries);
    expect(seen.podmanSecrets).toEqual(secrets);
    expect(seen.presentSecrets).toEqual(new Set(['db-a-0123456789ab']));
  });
});

describe('a podman secret', () => {
  const app = (value: string) => {
    const secret = podmanSecret({ name: 'db', value: secretOf(value) });
    return desired(
      secret,
      quadlet('app.container', {
        Container: {
          Image: 'x',
          Secret: [mountedSecret(secret, { target: '/run/db', uid: 70 }), environmentSecret(secret, 'DB')],
        },
      }),
      unit('app.service'),
    );
  };
  const quadletText = (hostName: string) =>
    `[Container]\nImage=x\nSecret=${hostName},type=mount,target=/run/db,uid=70,gid=0,mode=0400\nSecret=${hostName},type=env,target=DB\n`;
  const path = '/etc/containers/systemd/app.container';

  it('gets a fresh name that its quadlet uses, and makes it restart', async () => {
    const wanted = withPodmanSecrets(app('hunter22'), observation(), draw('a'));
    const changes = changesOf(wanted, observation());
    expect(changes).toMatchObject([
      { kind: 'podman-secret', action: 'create', id: 'podman-secret:db', hostName: 'db-aaaaaaaaaaaa' },
      { kind: 'write', path },
      { kind: 'unit', action: 'start' },
    ]);
    expect(Buffer.from((changes[1] as { content: Uint8Array }).content).toString()).toBe(
      quadletText('db-aaaaaaaaaaaa'),
    );
    const reports = await describeChanges(changes, new Map());
    expect(reports[0]).toEqual({ resource: 'podman-secret:db', action: 'create', detail: 'changed (secret)' });
    const changeSet = buildChangeSet(header, wanted, observation(), serials, changes);
    expect(changeSet?.podmanSecrets).toMatchObject([{ role: 'web', name: 'db', hostName: 'db-aaaaaaaaaaaa' }]);
    expect(changeSet?.podmanSecrets?.[0]?.fingerprint).toMatch(/^a{32}:[0-9a-f]{64}$/);
    expect(inspect(changeSet, { depth: null, showHidden: true })).not.toContain('hunter22');
  });

  it('with the same value keeps its name, with another gets a new one, and is made again when somebody removed it', () => {
    const first = withPodmanSecrets(app('hunter22'), observation(), draw('a'));
    const changeSet = buildChangeSet(header, first, observation(), serials, changesOf(first, observation()));
    const seen = (isPresent: boolean): Observation => ({
      ...observation({
        paths: { [path]: present(quadletText('db-aaaaaaaaaaaa')) },
        units: {
          'app.service': {
            load: 'loaded',
            active: 'active',
            sub: 'running',
            unitFile: 'generated',
            needDaemonReload: false,
            restarts: 0,
          },
        },
        managed: changeSet?.managed ?? [],
      }),
      podmanSecrets: changeSet?.podmanSecrets ?? [],
      presentSecrets: new Set(isPresent ? ['db-aaaaaaaaaaaa'] : []),
    });
    expect(changesOf(withPodmanSecrets(app('hunter22'), seen(true), draw('b')), seen(true))).toEqual([]);
    for (const [value, isPresent] of [
      ['hunter23', true],
      ['hunter22', false],
    ] as const) {
      const changes = changesOf(withPodmanSecrets(app(value), seen(isPresent), draw('b')), seen(isPresent));
      expect(changes).toMatchObject([
        { kind: 'podman-secret', action: 'update', hostName: 'db-bbbbbbbbbbbb' },
        { kind: 'write', path },
        { kind: 'unit', action: 'restart' },
      ]);
    }
  });

  it('that is there counts as the same for whoever only compares, and has not read it', () => {
    const secret = podmanSecret({ name: 'db', value: sourcedSecret({ kind: 'env', name: 'X' }) });
    const container = { Container: { Image: 'x', Secret: mountedSecret(secret, { target: '/run/db', uid: 70 }) } };
    const wanted = desired(secret, quadlet('app.container', container));
    const text = '[Container]\nImage=x\nSecret=db-aaaaaaaaaaaa,type=mount,target=/run/db,uid=70,gid=0,mode=0400\n';
    const seen = (names: readonly string[]): Observation => ({
      ...observation({ paths: { [path]: present(text) } }),
      podmanSecrets: [{ role: 'web', name: 'db', hostName: 'db-aaaaaaaaaaaa', fingerprint: 'aa:bb' }],
      presentSecrets: new Set(names),
    });
    expect(changesOf(wanted, seen(['db-aaaaaaaaaaaa']))).toEqual([]);
    expect(changesOf(wanted, seen([])).map(({ id }) => id)).toEqual(['podman-secret:db', 'quadlet:app.container']);
  });

  it.each(['', 'UPPER', '-x', 'a b', 'a,type=env', 'a\nb', 'a/b', '$(x)'])('is not named %j', (name) => {
    expect(() => podmanSecret({ name, value: secretOf('x') })).toThrow(ResourceError);
  });

  it.each(['relative', '/a,uid=0', '/a b', '/a%n', '/a\nb', '/a"'])('is not mounted at %j', (target) => {
    const secret = podmanSecret({ name: 'db', value: secretOf('x') });
    expect(() => mountedSecret(secret, { target })).toThrow(ResourceError);
  });

  it('that nobody describes cannot be used by a quadlet', () => {
    const secret = podmanSecret({ name: 'db', value: secretOf('x') });
    const role = defineRole({
      name: 'web',
      description: '',
      vars: Type.Object({}),
      resources: () => [quadlet('app.container', { Container: { Image: 'x', Secret: mountedSecret(secret) } })],
    });
    const inventory = { dir: '/', hosts: new Map(), groups: new Map(), varNames: new Map() };
    expect(() => desiredHost(host(), { uses: [use(role)], members: [], inventory, zones: () => [] })).toThrow(
      DesiredStateError,
    );
  });
});

describe('an earlier generation', () => {
  it('comes back with its secrets hidden, and keeps the podman secrets that its quadlets name', () => {
    const content = Buffer.from('key hunter22\n');
    const entry = managed(PATH, 'key hunter22\n', { mode: 0o600, secret: true });
    const kept = { role: 'web', name: 'db', hostName: 'db-0123456789ab', fingerprint: 'aa:bb' };
    const foreign = { ...kept, role: 'other', hostName: 'x-0123456789ab' };
    const { desired: wanted } = restoredHost({
      host: host(),
      generation: { managed: [entry], podmanSecrets: [kept, foreign], contents: new Map([[entry.sha256, content]]) },
      roles: ['web'],
      present: [],
      managed: [],
      osDefaults: new Map(),
    });
    expect(inspect(wanted, { depth: null, showHidden: true })).not.toContain('hunter22');
    const seen = { ...observation(), podmanSecrets: [{ ...kept, hostName: 'db-ffffffffffff' }, foreign] };
    const changes = changesOf(wanted, seen);
    const changeSet = buildChangeSet(header, wanted, seen, serials, changes);
    expect(changeSet?.managed).toMatchObject([{ path: PATH, secret: true, sha256: sha256('key hunter22\n') }]);
    expect(changeSet?.podmanSecrets).toEqual([foreign, kept]);
    expect(changeSet?.newSecrets).toEqual([]);
  });
});
