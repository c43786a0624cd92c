/** CoreDNS as a quadlet (podman-systemd.unit(5)). Pure. */
import { execWords, type QuadletResource, quadlet } from 'coreos-infra';
import { FOLDER } from './desired.ts';

export function container(image: string): QuadletResource {
  return quadlet('coredns.container', {
    Unit: {
      Description: 'CoreDNS (coreos-infra)',
      Wants: 'network-online.target',
      After: 'network-online.target',
      // The address may come long after boot: `bind` fails until then, and systemd must not give up (systemd.unit(5)).
      StartLimitIntervalSec: 0,
    },
    Container: {
      Image: image,
      ContainerName: 'coredns',
      Network: 'host',
      // Nothing is fetched at start: a resolver must not need a resolver.
      Pull: 'never',
      Exec: execWords(['-conf', `${FOLDER}/Corefile`]),
      // The folder, not the files: a bind mount of a file keeps the old inode after a rename.
      Volume: `${FOLDER}:${FOLDER}:ro,z`,
      ReadOnly: true,
      DropCapability: 'ALL',
      // The program bears this as a file capability: without it not even exec succeeds.
      AddCapability: 'NET_BIND_SERVICE',
    },
    Service: {
      ExecReload: execWords(['/usr/bin/podman', 'kill', '--signal', 'USR1', 'coredns']),
      Restart: 'always',
      RestartSec: 1,
      TimeoutStartSec: 60,
    },
    Install: { WantedBy: 'multi-user.target' },
  });
}
