/** From vars and play to what chronyd is told: checked as a whole, since a schema sees one value at a time. Pure. */
import { isIP } from 'node:net';
import type { Host, RoleContext } from 'coreos-infra';
import ipaddr from 'ipaddr.js';
import { InvalidValueError, type ValueProblem } from '../../src/schema/errors.ts';
import type { ChronyVars } from './vars.schema.ts';

/** One line of a .sources file. */
export interface Source {
  readonly kind: 'server' | 'pool' | 'peer';
  /** Name or address, in the spelling in which chronyc lists it. */
  readonly host: string;
  readonly port?: number;
  readonly nts: boolean;
  readonly prefer: boolean;
  readonly minpoll?: number;
  readonly maxpoll?: number;
  /** Id of a symmetric key. */
  readonly key?: number;
  readonly maxsources?: number;
}

export interface ChronySettings {
  readonly upstreams: readonly Source[];
  readonly peers: readonly Source[];
  /** Networks in CIDR form. */
  readonly allow: readonly string[];
  readonly vars: ChronyVars;
}

/** Peers ask each other often: the one that stays must know early that the other has lost its sources. */
const PEER_MINPOLL = 4;
const PEER_MAXPOLL = 6;
/** Public servers that smear leap seconds (as their operators document): whoever follows them must not know of leap seconds. */
const SMEARING = /^(?:time[0-9]?\.(?:google|android|facebook|aws)\.com|169\.254\.169\.123|fd00:ec2::123)$/;

type Entry = ChronyVars['pools'][number];
type Refuse = (path: readonly (string | number)[], value: unknown, message: string, remedy: string) => void;

/** @throws InvalidValueError with the place of every value that cannot be right. */
export function chronySettings(context: Pick<RoleContext<ChronyVars>, 'vars' | 'host' | 'members'>): ChronySettings {
  const { vars, host, members } = context;
  const problems: ValueProblem[] = [];
  const refuse: Refuse = ([key, ...rest], value, message, remedy) => {
    const path = [`chrony_${key}`, ...rest];
    const where = host.origin(...path);
    problems.push({ path, value, message, remedy, expected: '', ...(where === undefined ? {} : { where }) });
  };
  const servers = vars.servers.map((entry, i) => sourceOf('server', entry, vars.nts, ['servers', i], refuse));
  const pools = vars.pools.map((entry, i) => sourceOf('pool', entry, vars.nts, ['pools', i], refuse));
  const upstreams = [...servers, ...pools];
  const others = vars.peers ? members.filter(({ name }) => name !== host.name) : [];
  refuseDuplicates(vars, members, refuse);
  const available = servers.length + pools.reduce((sum, { maxsources }) => sum + (maxsources ?? 4), 0);
  if (upstreams.length > 0 && vars.minsources > available + others.length)
    refuse(
      ['minsources'],
      vars.minsources,
      `minsources ${vars.minsources}: there are only ${available + others.length} sources, so the clock would never be set`,
      'Lower it, or add servers.',
    );
  const allow = allowed(vars, host, refuse);
  for (const bound of vars.bindcmdaddress.filter((text) => isIP(text) === 0))
    refuse(['bindcmdaddress'], bound, `"${bound}" is no IP address`, 'Give an address of the host.');
  refuseSmeared(vars, upstreams, refuse);
  refuseKeys(vars, refuse);
  if (problems.length > 0) throw new InvalidValueError(problems, host.name);
  return { upstreams, peers: others.map((member) => peerOf(member, vars.peer_key)), allow, vars };
}

function peerOf(member: Host, key: number | undefined): Source {
  const host = spelled(member.address);
  const polls = { minpoll: PEER_MINPOLL, maxpoll: PEER_MAXPOLL };
  return { kind: 'peer', host, nts: false, prefer: false, ...polls, ...(key === undefined ? {} : { key }) };
}

function hostOf(entry: Entry): string {
  return spelled(typeof entry === 'string' ? entry : entry.host);
}

/** One spelling for each address; names in lower case. */
function spelled(host: string): string {
  return isIP(host) === 0 ? host.toLowerCase() : ipaddr.parse(host).toString();
}

function sourceOf(
  kind: 'server' | 'pool',
  entry: Entry,
  nts: boolean,
  path: readonly (string | number)[],
  refuse: Refuse,
): Source {
  const given = typeof entry === 'string' ? { host: entry } : entry;
  const problem = hostProblem(given.host);
  if (problem !== undefined)
    refuse(
      typeof entry === 'string' ? path : [...path, 'host'],
      given.host,
      `"${given.host}" ${problem}`,
      'Give a host name or an IP address.',
    );
  const { minpoll, maxpoll } = given;
  // chronyd -p accepts any order.
  if (minpoll !== undefined && maxpoll !== undefined && minpoll > maxpoll)
    refuse(path, entry, `minpoll ${minpoll} is over maxpoll ${maxpoll}`, 'Let minpoll be the smaller one.');
  const { host: _host, ...rest } = given;
  return {
    ...rest,
    kind,
    host: problem === undefined ? hostOf(entry) : given.host,
    nts: given.nts ?? nts,
    prefer: given.prefer ?? false,
  };
}

/** RFC 1123 §2.1, and no name that is meant to be an address. */
function hostProblem(text: string): string | undefined {
  if (isIP(text) !== 0) return undefined;
  if (text.includes(':') || /^[0-9.]+$/.test(text)) return 'is no IP address';
  const isName = text.split('.').every((label) => /^[0-9A-Za-z](?:[0-9A-Za-z-]{0,61}[0-9A-Za-z])?$/.test(label));
  return isName ? undefined : 'is no host name';
}

/** chronyd starts with a server that stands twice and uses it once; a member that is also a server would be counted twice. */
function refuseDuplicates(vars: ChronyVars, members: readonly Host[], refuse: Refuse): void {
  const seen = new Map<string, string>(
    members.map(({ name, address }) => [spelled(address), `the host ${name} itself`]),
  );
  for (const key of ['servers', 'pools'] as const) {
    for (const [i, entry] of vars[key].entries()) {
      const host = typeof entry === 'string' ? entry : entry.host;
      const name = hostProblem(host) === undefined ? hostOf(entry) : host;
      const before = seen.get(name);
      if (before !== undefined)
        refuse(
          [key, i],
          entry,
          `"${name}" is ${before}`,
          before.startsWith('the host')
            ? 'Take it out: the hosts of the play are each other’s peers already.'
            : 'Name each source once.',
        );
      seen.set(name, before ?? `named twice (first: chrony_${key})`);
    }
  }
}

function allowed(vars: ChronyVars, host: Host, refuse: Refuse): readonly string[] {
  if (vars.allow === undefined) {
    if (isIP(host.address) !== 0) return [networkOf(`${host.address}/${host.prefix}`)];
    refuse(
      ['allow'],
      undefined,
      `chrony_allow is missing, and the address of ${host.name} ("${host.address}") is a name: whom shall it serve?`,
      'Give `address` with its prefix, or list the networks in chrony_allow.',
    );
    return [];
  }
  return vars.allow.map((text, i) => {
    const [address = '', prefix] = text.split('/');
    const bits = isIP(address) === 4 ? 32 : 128;
    if (isIP(address) === 0 || Number(prefix ?? bits) > bits) {
      refuse(['allow', i], text, `"${text}" is no network`, 'Write it like 192.0.2.0/24 or 2001:db8::/64.');
      return text;
    }
    const network = networkOf(`${address}/${prefix ?? bits}`);
    if (prefix !== undefined && spelled(address) !== network.split('/')[0])
      refuse(
        ['allow', i],
        text,
        `"${text}" is an address inside ${network}, not a network`,
        `Write ${network}, or ${address} alone for that one host.`,
      );
    return network;
  });
}

function networkOf(cidr: string): string {
  const family = isIP(cidr.split('/')[0] ?? '') === 4 ? ipaddr.IPv4 : ipaddr.IPv6;
  return `${family.networkAddressFromCIDR(cidr).toString()}/${cidr.split('/')[1]}`;
}

/** chronyd takes a source whose key it does not know, and never believes a word of it. */
function refuseKeys(vars: ChronyVars, refuse: Refuse): void {
  const ids = vars.keys.map(({ id }) => id);
  for (const [i, id] of ids.entries())
    if (ids.indexOf(id) !== i) refuse(['keys', i, 'id'], id, `key ${id} is written twice`, 'Give each key its own id.');
  const known = ids.length === 0 ? 'There are none.' : `There are ${ids.join(', ')}.`;
  const require = (path: readonly (string | number)[], id: number | undefined): void => {
    if (id !== undefined && !ids.includes(id))
      refuse(path, id, `there is no key ${id} in chrony_keys`, `${known} Add it, or name another one.`);
  };
  require(['peer_key'], vars.peer_key);
  for (const list of ['servers', 'pools'] as const) {
    for (const [i, entry] of vars[list].entries()) {
      if (typeof entry === 'string' || entry.key === undefined) continue;
      require([list, i, 'key'], entry.key);
      if (entry.nts ?? vars.nts)
        refuse(
          [list, i],
          entry,
          `${entry.host} has both NTS and a key`,
          'A source is authenticated in one way: leave one out.',
        );
    }
  }
}

function refuseSmeared(vars: ChronyVars, upstreams: readonly Source[], refuse: Refuse): void {
  const smearing = upstreams.find(({ host }) => SMEARING.test(host));
  if (smearing === undefined || vars.leapsec === 'none') return;
  refuse(
    ['leapsec'],
    vars.leapsec,
    `${smearing.host} smears leap seconds, and leapsec is "${vars.leapsec}": they would be corrected twice`,
    'Set chrony_leapsec: none, or use servers that do not smear.',
  );
}
