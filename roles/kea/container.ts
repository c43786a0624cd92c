/** A Kea server as a quadlet (podman-systemd.unit(5)). Pure. */
import { execWords, type QuadletResource, quadlet } from 'coreos-infra';
import { CONFIG_FOLDER, DATA_FOLDER, type Daemon, SOCKET_FOLDER } from '../../src/kea/daemon.ts';
import { reloadScript } from './scripts.ts';

export interface ContainerInput {
  readonly daemon: Daemon;
  readonly image: string;
  /** No raw sockets: all clients come through relay agents. */
  readonly relayedOnly: boolean;
  /** Where its partner reaches it; undefined: it has none. */
  readonly haPort: number | undefined;
}

export function container({ daemon, image, relayedOnly, haPort }: ContainerInput): QuadletResource {
  return quadlet(`${daemon.name}.container`, {
    Unit: {
      Description: `Kea ${daemon.name} (coreos-infra)`,
      Wants: 'network-online.target',
      // After the clock, though not waiting for it to be right: HA ends when the two hosts differ by a minute.
      After: ['network-online.target', 'chronyd.service'],
      StartLimitIntervalSec: 0,
    },
    Container: {
      Image: image,
      ContainerName: daemon.name,
      Network: 'host',
      // Nothing is fetched at start, and no name is looked up: DHCP must not need DNS.
      Pull: 'never',
      Entrypoint: daemon.program,
      Exec: execWords(['-c', daemon.config]),
      Volume: [
        `${CONFIG_FOLDER}:${CONFIG_FOLDER}:ro,z`,
        `${DATA_FOLDER}:${DATA_FOLDER}:z`,
        `${SOCKET_FOLDER}:${SOCKET_FOLDER}:z`,
      ],
      Environment: [
        // Inside the container: on the host's /run a PID file outlives a killed Kea, names a process that exists (1), and Kea never starts again.
        'KEA_PIDFILE_DIR=/tmp',
        'KEA_LOCKFILE_DIR=/tmp',
        `KEA_CONTROL_SOCKET_DIR=${SOCKET_FOLDER}`,
        `KEA_DHCP_DATA_DIR=${DATA_FOLDER}`,
      ],
      ReadOnly: true,
      DropCapability: 'ALL',
      AddCapability: relayedOnly ? 'NET_BIND_SERVICE' : ['NET_BIND_SERVICE', 'NET_RAW'],
    },
    Service: {
      // Kea refuses a socket in a folder that others may enter; it stays when one of the two servers stops.
      RuntimeDirectory: 'kea',
      RuntimeDirectoryMode: '0750',
      RuntimeDirectoryPreserve: 'yes',
      StateDirectory: 'kea',
      StateDirectoryMode: '0750',
      ExecReload: execWords(['/bin/bash', '-c', reloadScript(daemon, haPort)]),
      Restart: 'always',
      RestartSec: 1,
      TimeoutStartSec: 60,
    },
    Install: { WantedBy: 'multi-user.target' },
  });
}
