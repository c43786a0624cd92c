/** Our resolvers: CoreDNS with the zones of inventory/zones, one host at a time. */
import { definePlaybook, rolling } from 'coreos-infra';
import { coredns } from 'coreos-infra/roles/coredns';
import { motd } from '../roles/motd/index.ts';

export default definePlaybook({
  name: 'deploy-dns',
  hosts: 'dns',
  strategy: rolling({ batch: 1, maxFailed: 0 }),
  roles: [coredns, motd],
});
