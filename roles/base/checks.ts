/** What a schema cannot see: checked before any host is asked. Pure. */
import { isIP } from 'node:net';
import type { RoleContext } from 'coreos-infra';
import { InvalidValueError, type ValueProblem } from '../../src/schema/errors.ts';
import type { BaseVars } from './vars.schema.ts';

const KERNEL_NAME_MAX = 64;
const CONTROL = /[\u0000-\u001f\u007f]/;
/** Without line breaks and tabs. */
const CONTROL_IN_TEXT = /[\u0000-\u0008\u000b-\u001f\u007f]/;

/** @throws InvalidValueError with the place of every value that cannot be right. */
export function checkVars({ vars, host }: Pick<RoleContext<BaseVars>, 'vars' | 'host'>): void {
  const problems: ValueProblem[] = [];
  const refuse = (path: readonly (string | number)[], value: unknown, message: string, remedy: string): void => {
    const full = [`base_${path[0]}`, ...path.slice(1)];
    const where = host.origin(...full);
    problems.push({ path: full, value, message, remedy, expected: '', ...(where === undefined ? {} : { where }) });
  };
  const name = vars.hostname === true ? host.name : vars.hostname;
  if (name !== undefined && (name.length > KERNEL_NAME_MAX || !/^[0-9A-Za-z.-]+$/.test(name)))
    refuse(['hostname'], name, `"${name}" cannot be a host's name`, 'At most 64 letters, digits, dots and dashes.');
  for (const [i, server] of (vars.nameservers ?? []).entries())
    if (isIP(server) === 0)
      refuse(['nameservers', i], server, `"${server}" is no IP address`, 'Name servers are given by address.');
  for (const [i, rule] of (vars.firewall?.rules ?? []).entries()) {
    const problem = ruleProblem(rule);
    if (problem !== undefined)
      refuse(
        ['firewall', 'rules', i],
        rule,
        `a rule ${problem}`,
        'Write one rule as it stands in a chain: tcp dport { 53, 853 } accept.',
      );
  }
  for (const [user, keys] of Object.entries(vars.authorized_keys)) {
    for (const [i, key] of keys.entries())
      if (!isPublicKey(key))
        refuse(
          ['authorized_keys', user, i],
          key,
          `entry ${i + 1} of ${user} is no public key`,
          'Give one line of a .pub file: ssh-ed25519 AAAA… name.',
        );
  }
  if (vars.motd !== undefined && CONTROL_IN_TEXT.test(vars.motd))
    refuse(
      ['motd'],
      '',
      'the message has a control character',
      'Leave terminal codes out: whoever logs in would be shown whatever they do.',
    );
  for (const [key, other] of doubledSysctls(vars.sysctls))
    refuse(['sysctls', key], '', `${key} and ${other} are one setting`, 'Keep one of them.');
  if (problems.length > 0) throw new InvalidValueError(problems, host.name);
}

/** A rule stays within its line and its chain; what it means is for `nft -c` to judge, on the host. */
function ruleProblem(rule: string): string | undefined {
  if (CONTROL.test(rule)) return 'has a line break or a control character';
  const bare = rule.replace(/"[^"]*"/g, '');
  if (/[";#\\]/.test(bare)) return 'has a quote that does not end, or one of ; # \\';
  let depth = 0;
  for (const letter of bare) {
    if (letter === '{') depth += 1;
    if (letter === '}') depth -= 1;
    if (depth < 0) return 'closes a brace that it did not open';
  }
  return depth === 0 ? undefined : 'opens a brace that it does not close';
}

/** `[options] type base64 [comment]` (sshd(8), AUTHORIZED_KEYS FILE FORMAT): the base64 names its own type. */
export function isPublicKey(line: string): boolean {
  if (CONTROL.test(line)) return false;
  const words =
    /(?:^| )((?:sk-)?(?:ssh-(?:ed25519|rsa)|ecdsa-sha2-nistp(?:256|384|521))(?:@openssh\.com)?) ([A-Za-z0-9+/]+={0,2})(?: |$)/.exec(
      line,
    );
  if (words === null) return false;
  const [, type = '', base64 = ''] = words;
  const blob = Buffer.from(base64, 'base64');
  return blob.length > 4 && blob.subarray(4, 4 + blob.readUInt32BE(0)).toString('latin1') === type;
}

/** Path below /proc/sys: as sysctl.d(5), the first separator says which one separates. */
export function sysctlPath(key: string): string {
  const first = /[./]/.exec(key)?.[0];
  return first === '/' ? key : key.replace(/[./]/g, (letter) => (letter === '.' ? '/' : '.'));
}

function doubledSysctls(sysctls: BaseVars['sysctls']): readonly (readonly [string, string])[] {
  const seen = new Map<string, string>();
  return Object.keys(sysctls).flatMap((key) => {
    const earlier = seen.get(sysctlPath(key));
    seen.set(sysctlPath(key), key);
    return earlier === undefined ? [] : [[key, earlier] as const];
  });
}
