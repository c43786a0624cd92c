/** Kea on every host of the group dhcp, one host at a time, while the other one serves. */
import { definePlaybook, rolling } from 'coreos-infra';
import { kea } from '../roles/kea/index.ts';

export default definePlaybook({
  name: 'deploy-dhcp',
  description: 'DHCP: addresses and options from Kea, on the pair of hosts of the group dhcp',
  hosts: 'dhcp',
  strategy: rolling({ batch: 1, maxFailed: 0 }),
  roles: [kea],
});
