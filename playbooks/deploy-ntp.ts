/** chrony on every host of the group ntp, one host at a time. */
import { definePlaybook, rolling } from 'coreos-infra';
import { chrony } from '../roles/chrony/index.ts';

export default definePlaybook({
  name: 'deploy-ntp',
  description: 'NTP: chronyd on every host of the group ntp, from upstream servers and each other',
  hosts: 'ntp',
  strategy: rolling({ batch: 1, maxFailed: 0 }),
  roles: [chrony],
});
