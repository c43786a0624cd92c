/** The other services of a host: which are asked, what counts as having answered, and who is a member by them. */
import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { otherProbes, passing, passingAgain, withOtherServices } from '../../../src/engine/bystanders.ts';
import type { HostRole } from '../../../src/engine/host-roles.ts';
import type { RunContext } from '../../../src/engine/run-context.ts';
import type { SurveyedHost } from '../../../src/engine/survey.ts';
import type { Probe } from '../../../src/probes/types.ts';
import { desired, host, managed, observation } from './build.ts';

const open: Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) server.close();
});

async function listening(): Promise<{ readonly probe: Probe; readonly server: Server }> {
  const server = createServer((socket) => socket.end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(server);
  const at = server.address();
  if (at === null || typeof at === 'string') throw new Error('it listens nowhere');
  return { server, probe: { kind: 'tcp', address: '127.0.0.1', port: at.port } };
}

function role(name: string, probes: readonly Probe[], of = host()): HostRole {
  const place = { host: of, role: name, service: name, playbook: name, pattern: 'all', members: [of] };
  return { ...place, desired: { host: of, resources: [], roles: [name], probes: () => probes } };
}

function context(roles: readonly HostRole[] | undefined): RunContext {
  return {
    ...(roles === undefined ? {} : { projectRoles: async () => roles }),
    emit: () => {},
    now: () => performance.now(),
    signal: new AbortController().signal,
  } as unknown as RunContext; // only these are used
}

const seen = observation({
  managed: [managed('/etc/a', 'a', { role: 'coredns' }), managed('/etc/b', 'b', { role: 'web' })],
});

describe('the other services of a host', () => {
  it('are those of other roles that were deployed there, without what nobody observed', async () => {
    const tcp: Probe = { kind: 'tcp', address: '192.0.2.11', port: 53 };
    const roles = [
      role('coredns', [tcp, { kind: 'unit', unit: 'coredns.service' }]),
      role('web', [{ ...tcp, port: 80 }]),
      role('kea', [{ ...tcp, port: 8000 }]),
      role('coredns', [{ ...tcp, port: 54 }], host('ns2')),
    ];
    expect(await otherProbes(context(roles), desired(), seen)).toEqual([tcp]);
    expect(await otherProbes(context(undefined), desired(), seen)).toEqual([]);
  });

  it('count when they answer before; then they have to answer again', async () => {
    const [stays, goes] = await Promise.all([listening(), listening()]);
    const shut = await listening();
    shut.server.close();
    const ctx = context([]);
    const before = await passing(ctx, [stays.probe, shut.probe, goes.probe], []);
    expect(before).toEqual({ fromHere: [stays.probe, goes.probe], fromHosts: [] });
    expect((await passingAgain(ctx, before, 1_000, [])).map(({ ok }) => ok)).toEqual([true, true]);
    goes.server.close();
    expect((await passingAgain(ctx, before, 50, [])).map(({ ok }) => ok)).toEqual([true, false]);
  });

  it('make a member of one whose own roles serve nobody', async () => {
    const tcp: Probe = { kind: 'tcp', address: '192.0.2.11', port: 53 };
    const survey = { desired: desired(), connection: {}, observation: seen } as unknown as SurveyedHost; // not talked to
    const ctx = context([role('coredns', [tcp])]);
    const judged = await withOtherServices(ctx, survey);
    expect(judged.desired.roles).toEqual(['web', 'coredns']);
    expect(judged.desired.probes(new Map())).toEqual([tcp]);
    const serving = { ...survey, desired: { ...desired(), probes: () => [tcp] } };
    expect(await withOtherServices(ctx, serving)).toBe(serving);
    expect(await withOtherServices(context(undefined), survey)).toBe(survey);
  });
});
