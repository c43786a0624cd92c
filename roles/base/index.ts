/** What services need of the host beneath them: its name, its resolver, kernel settings, packet filter, logins, updater. Only what is asked for. */
import { defineRole } from 'coreos-infra';
import { checkVars } from './checks.ts';
import { firewallResources } from './firewall.ts';
import { loginResources, motdResources } from './logins.ts';
import { hostnameResources, resolverResources } from './names.ts';
import { sysctlResources } from './sysctls.ts';
import { vars } from './vars.schema.ts';
import { zincatiResources } from './zincati.ts';

export const base = defineRole({
  name: 'base',
  description: 'host basics: name, resolver, sysctls, packet filter, ssh keys, motd',
  vars,

  resources(context) {
    checkVars(context);
    const { vars: wanted, host } = context;
    const name = wanted.hostname === true ? host.name : wanted.hostname;
    return [
      ...(name === undefined ? [] : hostnameResources(name)),
      ...resolverResources(wanted),
      ...sysctlResources(wanted.sysctls),
      ...firewallResources(wanted.firewall),
      ...loginResources(wanted.authorized_keys, wanted.sshd_unit),
      ...(wanted.zincati === undefined ? [] : zincatiResources(wanted.zincati)),
      ...(wanted.motd === undefined ? [] : motdResources(wanted.motd)),
    ];
  },
});
