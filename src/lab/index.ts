/** The lab's interface to the rest of the program. Reading a lab's state is cheap; everything else loads what it needs when called. */

export { mapAddress } from './address-map.ts';
export { type ClientOptions, labClient, spawnClient } from './client.ts';
export { type DoraRun, labDora } from './dora.ts';
export { labDown } from './down.ts';
export type { Disk, SlowLink } from './faults.ts';
export { labBoot, labClock, labCrash, labFast, labFill, labFree, labSlow } from './faults.ts';
export { imagesOf } from './images.ts';
export { labCut, labHeal } from './link.ts';
export { labNtpOff, labNtpOn } from './ntp.ts';
export { osRemoteUrl } from './os-server.ts';
export { defaultLabName } from './paths.ts';
export type { Break, PublishOptions } from './publish.ts';
export { BREAKS, labPublish } from './publish.ts';
export type { Release, Rollout } from './releases.ts';
export { readReleases, releasesFile } from './releases.ts';
export type { LabHostSpec, LabSpec } from './spec.ts';
export { labSsh, sshArguments } from './ssh.ts';
export type { LabHost, LabNetwork, LabState } from './state.ts';
export { readLabState } from './state.ts';
export type { LabHostStatus, LabStatus } from './status.ts';
export { labStatus } from './status.ts';
export { labUp } from './up.ts';
