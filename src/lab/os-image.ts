/** The lab's image of a release: an OCI manifest and config that say which commit is in it. Its layers are never fetched. */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The name behind the registry's address, as upstream's. */
export const IMAGE_NAME = 'fedora/fedora-coreos';
export const IMAGE_TAG = 'stable';

export interface ImageContent {
  readonly version: string;
  /** The ostree commit that the image stands for: its label `ostree.commit`, as in upstream's images. */
  readonly commit: string;
  readonly bytes: number;
}

/** Writes manifest and config below FOLDER/registry and moves the tag; the manifest's digest. */
export function writeImage(folder: string, { version, commit, bytes }: ImageContent): string {
  const root = join(folder, 'registry', IMAGE_NAME);
  for (const part of ['manifests', 'blobs']) mkdirSync(join(root, part), { recursive: true });
  const layer = `sha256:${sha256(commit)}`;
  const config = JSON.stringify({
    architecture: 'amd64',
    os: 'linux',
    created: new Date().toISOString(),
    config: {
      Labels: {
        'com.coreos.stream': IMAGE_TAG,
        'org.opencontainers.image.version': version,
        'ostree.bootable': 'true',
        'ostree.commit': commit,
        'ostree.linux': '6.12.0-lab',
      },
    },
    rootfs: { type: 'layers', diff_ids: [layer] },
  });
  const configDigest = `sha256:${sha256(config)}`;
  writeFileSync(join(root, 'blobs', configDigest), config);
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      digest: configDigest,
      size: Buffer.byteLength(config),
    },
    layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: layer, size: bytes }],
  });
  const digest = `sha256:${sha256(manifest)}`;
  for (const reference of [digest, IMAGE_TAG]) writeFileSync(join(root, 'manifests', reference), manifest);
  return digest;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
