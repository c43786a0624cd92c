/** Answers of `status-get` in the words of Kea 2.6.3, whose other members are left out. */

export interface StatusOptions {
  readonly name?: string;
  readonly state: string;
  readonly partner?: string;
  readonly inTouch?: boolean;
  readonly interrupted?: boolean;
  readonly disabled?: boolean;
  readonly sockets?: string;
}

export function statusAnswer({ name = 'ns1', state, ...rest }: StatusOptions): string {
  const { partner = 'hot-standby', inTouch = true, interrupted = false, disabled = false, sockets = 'ready' } = rest;
  const isPrimary = name === 'ns1';
  const [local, remote] = isPrimary ? ['primary', 'standby'] : ['standby', 'primary'];
  return JSON.stringify({
    arguments: {
      'dhcp-state': { 'globally-disabled': disabled },
      'high-availability': [
        {
          'ha-mode': 'hot-standby',
          'ha-servers': {
            local: { role: local, scopes: isPrimary ? ['ns1'] : [], 'server-name': name, state },
            remote: {
              age: 0,
              'communication-interrupted': interrupted,
              'in-touch': inTouch,
              'last-scopes': [],
              'last-state': partner,
              role: remote,
            },
          },
        },
      ],
      pid: 1,
      sockets: { status: sockets },
    },
    result: 0,
  });
}
