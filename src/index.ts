/** The public API of the package: what playbooks and roles import from `coreos-infra`. */
export { type Static, Type } from '@sinclair/typebox';
export { reverseZones } from './dns/reverse.ts';
export type { Zone } from './dns/zone.ts';
export { InfraError, type SourceLocation } from './errors.ts';
export type { Host, Inventory, Vars } from './inventory/model.ts';
export type {
  Gate,
  LocalStep,
  Play,
  Playbook,
  ProbeContext,
  RoleContext,
  RoleDefinition,
  RoleUse,
  RollingStrategy,
} from './playbook/define.ts';
export { definePlaybook, defineRole, gate, rolling, use } from './playbook/define.ts';
export type { HostAnswer, Precondition, PreconditionVerdict } from './playbook/precondition.ts';
export type { TemporaryState } from './playbook/temporary-state.ts';
export type { HostProbe, Probe, ProbeResult } from './probes/types.ts';
export {
  command,
  directory,
  environmentSecret,
  execWords,
  file,
  image,
  mountedSecret,
  podmanSecret,
  quadlet,
  raw,
  renderUnit,
  unit,
  zone,
} from './resources/index.ts';
export type * from './resources/types.ts';
export { SecretValue } from './schema/secret-value.ts';
export {
  checkedSecret,
  commandSecret,
  envSecret,
  joinSecrets,
  mapSecret,
  type Secret,
  type SecretRule,
  secretText,
  sopsSecret,
} from './secrets/index.ts';
export { defineUpgrade, type Upgrade, type UpgradeInput } from './upgrade/define.ts';
