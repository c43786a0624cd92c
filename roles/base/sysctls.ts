/** Kernel settings: a file for the next boot, and the running kernel. Pure. */
import { type CommandResource, command, file, type Resource } from 'coreos-infra';
import { sysctlPath } from './checks.ts';
import { shellWord } from './shell.ts';
import type { BaseVars } from './vars.schema.ts';

/** Where the former values wait, should the change be undone. */
const FORMER = '/run/coreos-infra/base.sysctls';

export function sysctlResources(sysctls: BaseVars['sysctls']): readonly Resource[] {
  const settings = Object.entries(sysctls).map(([key, value]): [string, string] => [sysctlPath(key), oneSpaced(value)]);
  if (settings.length === 0) return [];
  const lines = settings.map(([path, value]) => `${path} = ${value}\n`);
  const content = `# Written by coreos-infra (role base). Changes made here are replaced by the next run.\n${lines.join('')}`;
  return [file('/etc/sysctl.d/90-coreos-infra.conf', { content }), runningKernel(settings)];
}

/** The kernel puts tabs where people put spaces. */
function oneSpaced(value: string | number): string {
  return String(value).trim().replace(/ +/g, ' ');
}

function runningKernel(settings: readonly (readonly [string, string])[]): CommandResource {
  const check = `
settings=(${settings.flat().map(shellWord).join(' ')})
differs() {
  have=$(tr -s '[:space:]' ' ' 2>/dev/null <"/proc/sys/$1") && have=\${have% }
  [[ $have != "$2" ]]
}
`;
  const each = (body: string): string =>
    `for ((i = 0; i < \${#settings[@]}; i += 2)); do\n  path=\${settings[i]} value=\${settings[i + 1]}\n  ${body}\ndone\n`;
  return command('sysctls', {
    unless: `${check}${each('! differs "$path" "$value" || exit 1')}`,
    script: `${check}: >${FORMER}
${each(`differs "$path" "$value" || continue
  [[ -e /proc/sys/$path ]] || { echo "this kernel has no setting $path (is its module loaded?)" >&2; exit 1; }
  printf '%s %s\\n' "$path" "$have" >>${FORMER}
  printf '%s\\n' "$value" >"/proc/sys/$path" || exit 1
  ! differs "$path" "$value" || { echo "the kernel made $have of $path = $value" >&2; exit 1; }`)}`,
    undo: `while read -r path value; do printf '%s\\n' "$value" >"/proc/sys/$path"; done <${FORMER}`,
    timeoutSec: 15,
  });
}
