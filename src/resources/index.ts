/** The resources that roles are made of. */
export { command } from './command.ts';
export { directory, file } from './file.ts';
export { image } from './image.ts';
export { environmentSecret, mountedSecret, podmanSecret, type SecretMount } from './podman-secret.ts';
export { execWords, quadlet, raw, renderUnit } from './quadlet.ts';
export { unit } from './unit.ts';
export { zone } from './zone.ts';
