/** The `image` resource: a container image that is on the host before its service is touched. */
import { ResourceError } from './errors.ts';
import type { ImageResource } from './types.ts';

/** Fully qualified and pinned: `docker.io/coredns/coredns:1.15.0` or `…@sha256:<64 hex>`; never `latest`. */
export function image(name: string): ImageResource {
  const match =
    /^[a-z0-9][a-z0-9.-]*(?::[0-9]+)?(?:\/[a-z0-9._-]+)+(?:(?::([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))|(?:@sha256:[0-9a-f]{64}))$/.exec(
      name,
    );
  if (match === null || match[1] === 'latest') {
    throw new ResourceError(`image ${JSON.stringify(name)} is not fully qualified and pinned`, {
      remedy:
        'Write registry/name:tag or registry/name@sha256:<digest>; `latest` and short names are refused, since nobody could say what runs.',
    });
  }
  return { kind: 'image', id: `image:${name}`, name };
}
