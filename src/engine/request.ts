/** What a host must be asked so that its resources can be planned. Pure. */

import type { Probe } from '../probes/types.ts';
import type { Resource } from '../resources/types.ts';
import type { ObserveRequest } from './observation.ts';

/** One request for all resources, so that observing stays one round trip. */
export function observeRequest(resources: readonly Resource[], probes: readonly Probe[] = []): ObserveRequest {
  const paths = resources.flatMap((resource) => ('path' in resource ? [resource.path] : []));
  const units = resources.flatMap((resource) =>
    resource.kind === 'unit' || resource.kind === 'quadlet' ? [resource.unit] : [],
  );
  const probed = probes.flatMap((probe) => (probe.kind === 'unit' ? [probe.unit] : []));
  return {
    paths: [...new Set(paths)],
    units: [...new Set([...units, ...probed])],
    images: resources.flatMap((resource) => (resource.kind === 'image' ? [resource.name] : [])),
    commands: resources.flatMap((resource) =>
      resource.kind === 'command' && (resource.creates !== undefined || resource.unless !== undefined)
        ? [
            {
              id: resource.id,
              ...(resource.creates === undefined ? {} : { creates: resource.creates }),
              ...(resource.unless === undefined ? {} : { unless: resource.unless }),
            },
          ]
        : [],
    ),
    zonePaths: resources.flatMap((resource) => (resource.kind === 'zone' ? [resource.path] : [])),
  };
}
