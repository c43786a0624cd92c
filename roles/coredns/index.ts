/** CoreDNS on the host's own addresses: every zone of the inventory, authoritative, and a forwarder for the rest. */
import { defineRole, directory, file, image, unit, zone } from 'coreos-infra';
import { container } from './container.ts';
import { corefile } from './corefile.ts';
import { askedAddresses, corefileInput, FOLDER, servedZones, ZONES } from './desired.ts';
import { validation } from './validation.ts';
import { vars } from './vars.schema.ts';

export const coredns = defineRole({
  name: 'coredns',
  description: 'CoreDNS: the zones of the inventory, authoritative, and a forwarder for the rest',
  service: 'dns',
  vars,

  resources(context) {
    const input = corefileInput(context);
    const zones = servedZones(context).map((content) => zone(`${ZONES}/db.${content.name}`, content));
    const validate = validation(context.vars.image, input);
    const config = file(`${FOLDER}/Corefile`, { content: corefile(input).text, validate });
    const service = container(context.vars.image);
    return [
      image(context.vars.image),
      directory(FOLDER),
      directory(ZONES),
      config,
      ...zones,
      service,
      unit('coredns.service', { restartOn: [service], reloadOn: [config, ...zones] }),
    ];
  },

  hasSecondaries: ({ vars: { transfer_to } }) => transfer_to.length > 0,

  /** On every address but loopback ones: the Corefile that is loaded, every zone, and the names that the vars ask for. */
  probes(context) {
    const expect = corefile(corefileInput(context)).version;
    return askedAddresses(context).flatMap((server) => [
      { kind: 'dns-version' as const, server, port: 53, expect },
      ...servedZones(context).map(({ name }) => {
        const serial = context.serials.get(name);
        return { kind: 'dns-zone' as const, server, port: 53, zone: name, ...(serial === undefined ? {} : { serial }) };
      }),
      ...context.vars.probe_names.map((name) => ({ kind: 'dns-name' as const, server, port: 53, name, type: 'A' })),
    ]);
  },
});
