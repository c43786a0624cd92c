/** Fedora CoreOS on every host, one at a time: each proves itself, is confirmed, or goes back by itself. */
import { defineUpgrade } from 'coreos-infra';

// Soak, windows and the update graph are the inventory's (upgrade_… in inventory/group_vars/all.yaml): docs/upgrade.md
export default defineUpgrade({
  name: 'upgrade',
  description: 'The operating system of all hosts, one after the other, to one release',
  hosts: 'all',
  maxFailed: 0,
});
