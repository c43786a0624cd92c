/** Writes docs/errors.md from the error classes: code, exit code, meaning. `--check` only compares. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const target = join(root, 'docs/errors.md');

const CLASS =
  /(?:\/\*\*(?<doc>(?:[^*]|\*(?!\/))*)\*\/\s*)?export class (?<name>\w+) extends (?<parent>\w+)(?<body>[\s\S]*?\n\}|\s*\{\})/g;
const EXIT = { ok: 0, usage: 1, failed: 2, unknown: 3, unreachable: 4, locked: 5, interrupted: 130 };

/** All error classes of the sources, by name. */
export function errorClasses() {
  const files = ['src', 'roles'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(root, folder, name)),
  );
  const classes = new Map();
  for (const file of files) {
    const text = readFileSync(file, 'utf8');
    for (const { groups } of text.matchAll(CLASS)) {
      const code = /code(?:: `E_\$\{string\}`)? = '(E_\w+)'/.exec(groups.body)?.[1];
      const exit = /exitCode(?:: \w+)? = EXIT\.(\w+)/.exec(groups.body)?.[1];
      // Where a class has no comment of its own, the file says it.
      const doc = (groups.doc ?? /^\/\*\*(.*)\*\//.exec(text)?.[1] ?? '')
        .replace(/^\s*\* ?/gm, ' ')
        .replace(/\s+/g, ' ')
        .trim();
      classes.set(groups.name, {
        name: groups.name,
        parent: groups.parent,
        code,
        exit,
        doc,
        folder: relative(root, file).split('/').slice(0, 2).join('/'),
      });
    }
  }
  return classes;
}

function rows() {
  const classes = errorClasses();
  const exitOf = ({ exit, parent }) => exit ?? (classes.has(parent) ? exitOf(classes.get(parent)) : 'usage');
  return [...classes.values()]
    .filter(({ code }) => code !== undefined)
    .sort((a, b) => a.code.localeCompare(b.code))
    .map((one) => `| \`${one.code}\` | ${EXIT[exitOf(one)]} | ${one.doc.replaceAll('|', '\\|')} |`);
}

export function errorsDoc() {
  return `# Exit codes and errors

## Exit codes
| code | meaning |
| --- | --- |
| 0 | done and verified, changed or not |
| 1 | wrong usage, inventory or playbook; or a question answered with no: nothing was touched |
| 2 | at least one host failed, was refused or reverted; what had been begun on it was undone |
| 3 | the state of at least one host is unknown, or could not be reverted |
| 4 | at least one host was unreachable |
| 5 | at least one host is locked by another run |
| 130 | interrupted; every host is confirmed or reverted |

When several apply, the first of 3, 130, 2, 4, 5. \`--check\` ends 0 with or without changes.

## Errors
Every error says what happened, where, and what to do next. Its code is stable; \`--json\` carries it as \`error.code\`. The exit code is
that of a command which this error ends; the error of one host becomes that host's status. \`E_INTERNAL\` is a bug: please report it.
Made from the sources by \`npm run docs:errors\`.

| code | exit | meaning |
| --- | --- | --- |
${rows().join('\n')}
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (!process.argv.includes('--check')) {
    writeFileSync(target, errorsDoc());
  } else if (readFileSync(target, 'utf8') !== errorsDoc()) {
    console.error('docs/errors.md is not what the sources say: npm run docs:errors');
    process.exitCode = 1;
  }
}
