/** Host basics (name, resolver, sysctls, packet filter, ssh keys, motd) on every host, one at a time. */
import { definePlaybook, rolling } from 'coreos-infra';
import { base } from '../roles/base/index.ts';

export default definePlaybook({
  name: 'base',
  description: 'Host basics on every host: name, resolver, sysctls, packet filter, ssh keys, motd',
  hosts: 'all',
  strategy: rolling({ batch: 1, maxFailed: 0 }),
  roles: [base],
});
