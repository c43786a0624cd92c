/**
 * Which of libsql's native programs this machine needs, for the bundle (build.mjs): in place of @neon-rs/load and detect-libc, which
 * write a diagnostic report to find out. That takes 20 ms and more, and asks DNS for the name of every open connection's other end.
 */
import { readFileSync } from 'node:fs';

export const GLIBC = 'glibc';
export const MUSL = 'musl';

/** ldd is a script that names its libc, on glibc and musl alike. Without one: musl is what has no glibc in its report's header. */
export function familySync(): typeof GLIBC | typeof MUSL {
  try {
    return readFileSync('/usr/bin/ldd', 'utf8').includes('musl') ? MUSL : GLIBC;
  } catch {
    return isGlibcBuild() ? GLIBC : MUSL;
  }
}

function isGlibcBuild(): boolean {
  const { report } = process;
  if (report === undefined) return true;
  Object.assign(report, { excludeNetwork: true }); // not yet in its types
  const { header } = report.getReport() as { readonly header?: { readonly glibcVersionRuntime?: string } };
  return header?.glibcVersionRuntime !== undefined;
}

/** As the packages are named: `linux-x64-gnu`. */
export function currentTarget(): string {
  const { platform, arch } = process;
  if (platform === 'linux') {
    if (arch === 'arm') return 'linux-arm-gnueabihf';
    return `linux-${arch}-${familySync() === MUSL ? 'musl' : 'gnu'}`;
  }
  return platform === 'win32' ? `win32-${arch}-msvc` : `${platform}-${arch}`;
}

/** Only for developers of libsql. */
export function load(): null {
  return null;
}
