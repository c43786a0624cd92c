/** What people read when they log in: a role of our own, as small as a role can be. */
import { defineRole, file, Type } from 'coreos-infra';

export const motd = defineRole({
  name: 'motd',
  description: 'the message at login',
  vars: Type.Object({
    text: Type.String({ minLength: 1, description: 'shown at every login' }),
  }),
  resources: ({ vars, host }) => [
    file('/etc/motd.d/50-coreos-infra.motd', { content: `${host.name}: ${vars.text.trimEnd()}\n` }),
  ],
});
