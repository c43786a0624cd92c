/** CoreDNS on every host of the group dns, one host at a time. */
import { definePlaybook, rolling } from 'coreos-infra';
import { coredns } from '../roles/coredns/index.ts';

export default definePlaybook({
  name: 'deploy-dns',
  description: 'DNS: the zones of the inventory, served by CoreDNS on every host of the group dns',
  hosts: 'dns',
  strategy: rolling({ batch: 1, maxFailed: 0 }),
  roles: [coredns],
});
