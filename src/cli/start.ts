/** Where the process begins: too old a Node gets a sentence instead of a syntax error. Keep this file free of imports. */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major > 20 || (major === 20 && minor >= 19)) {
  keepCompiledCode();
  const { load } = await import('../program.ts');
  const { main } = load('main', process.argv[2] ?? 'help') as unknown as typeof import('./main.ts');
  await main(process.argv.slice(2));
} else {
  process.stderr.write(
    `coreos-infra needs Node.js 20.19 or newer; ${process.execPath} is ${process.versions.node}.\n` +
      'Install a newer one from your distribution or https://nodejs.org, then try again.\n',
  );
  process.exitCode = 1;
}

/** Node 22.8 and newer keep what V8 has compiled: 30 ms less per run. Where nothing can be written it does nothing. */
function keepCompiledCode(): void {
  const module: object = process.getBuiltinModule('node:module');
  if (!('enableCompileCache' in module) || typeof module.enableCompileCache !== 'function') return;
  module.enableCompileCache(
    decodeURIComponent(new URL('../node_modules/.cache/coreos-infra/compiled', import.meta.url).pathname),
  );
}

export {};
