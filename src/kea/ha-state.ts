/** What Kea says of itself and its partner (`status-get`), and whether that is as it should be. Decided by states, never by results. Pure. */

export interface HaStatus {
  /** `hot-standby`, `partner-down`, …; undefined: it runs without HA. */
  readonly state?: string;
  readonly role?: string;
  readonly scopes: readonly string[];
  readonly partner?: {
    /** As this server last heard it; `unavailable` when it cannot be reached. */
    readonly state: string;
    readonly inTouch: boolean;
    readonly ageSec: number;
    readonly interrupted: boolean;
  };
  /** DHCP service switched off, for whatever reason. */
  readonly disabled: boolean;
  /** `ready`, `retrying`, `failed`; undefined: it does not say. */
  readonly sockets?: string;
}

/** Both serve as they should: the states in which a pair may be changed. */
export const NORMAL: ReadonlySet<string> = new Set(['hot-standby', 'load-balancing']);
/** On its way to its normal state. */
const SETTLING: ReadonlySet<string> = new Set(['waiting', 'syncing', 'ready', 'in-maintenance']);
/** This server answers clients by itself. */
const ALONE: ReadonlySet<string> = new Set(['partner-down', 'partner-in-maintenance']);

/** undefined: it is no answer to `status-get` (Kea does not run, or says something else). */
export function parseStatus(text: string): HaStatus | undefined {
  const answer = objectOf(parseJson(text));
  const status = objectOf(answer?.['arguments']);
  if (status === undefined || answer?.['result'] !== 0) return undefined;
  const relations = status['high-availability'];
  const servers = objectOf(objectOf(Array.isArray(relations) ? relations[0] : undefined)?.['ha-servers']);
  const local = objectOf(servers?.['local']);
  const remote = objectOf(servers?.['remote']);
  const state = textOf(local?.['state']);
  const role = textOf(local?.['role']);
  const sockets = textOf(objectOf(status['sockets'])?.['status']);
  return {
    ...(state === undefined ? {} : { state }),
    ...(role === undefined ? {} : { role }),
    scopes: Array.isArray(local?.['scopes']) ? local['scopes'].filter((one) => typeof one === 'string') : [],
    ...(remote === undefined ? {} : { partner: partnerOf(remote) }),
    disabled: objectOf(status['dhcp-state'])?.['globally-disabled'] === true,
    ...(sockets === undefined ? {} : { sockets }),
  };
}

function partnerOf(remote: Readonly<Record<string, unknown>>): NonNullable<HaStatus['partner']> {
  return {
    state: textOf(remote['last-state']) ?? 'unknown',
    inTouch: remote['in-touch'] === true,
    ageSec: typeof remote['age'] === 'number' ? remote['age'] : 0,
    interrupted: remote['communication-interrupted'] === true,
  };
}

export interface ServiceVerdict {
  readonly ok: boolean;
  readonly detail: string;
  readonly warning?: string;
  /** On its way to its normal state: its partner serves meanwhile. */
  readonly settling?: boolean;
}

/**
 * Does this server do its part? In maintenance it does not: when it comes back out of it (roles/kea/come-back.ts) it is looked at again.
 * A standby that answers nobody is as it should be; a server that serves alone passes with a warning.
 */
export function judgeService(status: HaStatus): ServiceVerdict {
  if (status.sockets !== undefined && status.sockets !== 'ready')
    return { ok: false, detail: `its DHCP sockets are ${status.sockets}` };
  const { state, partner } = status;
  if (state === undefined)
    return status.disabled
      ? { ok: false, detail: 'its DHCP service is switched off' }
      : { ok: true, detail: 'serves, without a partner' };
  if (ALONE.has(state)) {
    const detail = `${state}: serves alone`;
    return status.disabled
      ? { ok: false, detail: `${state}, and its DHCP service is switched off` }
      : { ok: true, detail, warning: detail };
  }
  if (!NORMAL.has(state))
    return { ok: false, detail: `state ${state}`, ...(SETTLING.has(state) ? { settling: true } : {}) };
  if (partner !== undefined && (!partner.inTouch || partner.interrupted))
    return { ok: false, detail: `${state}, but not in touch with its partner (${partner.state})` };
  if (status.disabled) return { ok: false, detail: `${state}, and its DHCP service is switched off` };
  return { ok: true, detail: partner === undefined ? state : `${state}, partner ${partner.state}` };
}

/**
 * Why this server is not in its normal state, in words that follow its name; undefined: it is. How the partner is, it says itself: one lease update
 * that it refuses is enough to be called `unavailable` here until the next heartbeat (Kea 3.0 tells of released leases, 2.6 knows no such state).
 */
export function notNormal(status: HaStatus): string | undefined {
  const { state, partner } = status;
  if (state === undefined) return status.disabled ? 'runs without HA, its DHCP service switched off' : undefined;
  const says =
    partner === undefined ? '' : `; it sees its partner as ${partner.state}${partner.inTouch ? '' : ', not in touch'}`;
  if (!NORMAL.has(state)) return `is in state ${state}${says}`;
  if (partner !== undefined && (!partner.inTouch || partner.interrupted)) return `is in state ${state}${says}`;
  return undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>) // every key is checked where it is read
    : undefined;
}

/** States are words; anything else that a host says is not repeated. */
function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && /^[a-z0-9-]{1,40}$/.test(value) ? value : undefined;
}
