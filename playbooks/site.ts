/** Time, names and addresses of a network: everything on the pair, in the order in which one needs the other. */
import { definePlaybook, gate } from 'coreos-infra';
import { chrony } from '../roles/chrony/index.ts';
import { coredns } from '../roles/coredns/index.ts';
import deployDhcp from './deploy-dhcp.ts';
import deployDns from './deploy-dns.ts';
import deployNtp from './deploy-ntp.ts';

export default definePlaybook({
  name: 'site',
  description: 'NTP, then DNS, then DHCP: all that the pair serves, one service and one host at a time',
  playbooks: [
    deployNtp,
    deployDns,
    // Kea ends its HA when the clocks of the pair are 60 s apart, and hands out the resolvers that must answer by then.
    gate('time in sync', { hosts: 'ntp', role: chrony }),
    gate('names are answered', { hosts: 'dns', role: coredns }),
    deployDhcp,
  ],
});
