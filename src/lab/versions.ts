/** The release that new hosts boot. Later ones are published (publish.ts). */
export const OS_VERSION = '44.20261101.3.0';
