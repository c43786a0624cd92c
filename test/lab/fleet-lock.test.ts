/** `base_zincati` on a real host: its updater asks a FleetLock server before it boots the host, or is off. The server is this test. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { labPublish } from '../../src/lab/index.ts';
import { noLab, usePair } from './pair.ts';
import { OsHost } from './rpm-ostree-host.ts';

const OLD = '44.20261101.3.0';
const NEW = '44.20261115.3.0';
const SETTINGS = '/etc/zincati/config.d/95-coreos-infra.toml';

interface Asked {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Unlocks for anybody, and locks once it is told to. */
class LockServer {
  readonly asked: Asked[] = [];
  isGranting = false;
  readonly #server: Server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += String(chunk);
    });
    request.on('end', () => {
      const path = request.url ?? '';
      this.asked.push({ path, headers: request.headers, body });
      const isDenied = path.endsWith('/pre-reboot') && !this.isGranting;
      response.writeHead(isDenied ? 409 : 200).end(isDenied ? '{"kind":"failed_lock","value":"not now"}' : '');
    });
  });

  /** The address with its port. */
  async listen(address: string): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, address, resolve));
    return `${address}:${(this.#server.address() as { port: number }).port}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  steps(): readonly string[] {
    return this.asked.map(({ path }) => path.split('/').at(-1) ?? '');
  }
}

describe.skipIf(noLab !== undefined)("a host's own updater between our runs", () => {
  const pair = usePair();
  const ns1 = new OsHost(pair, 'ns1');
  const locks = new LockServer();
  let url = '';
  const deploy = (zincati: object | string) =>
    pair().run('base', '--limit', 'ns1', '-e', JSON.stringify({ base_zincati: zincati }));
  const statusText = async (): Promise<string> =>
    (await ns1.run('systemctl show --property=StatusText --value zincati')).stdout;

  beforeAll(async () => {
    url = `http://${await locks.listen(pair().state.networks[0]?.gateway ?? '')}/fleet`;
    await ns1.root('printf "[agent.timing]\nsteady_interval_secs = 1\n" >/etc/zincati/config.d/60-test.toml');
  });
  afterAll(() => locks.close());

  test('stages, and does not boot the host without a yes', async () => {
    const { code, summary } = await deploy({ fleet_lock: url });
    expect(code, JSON.stringify(summary.hosts)).toBe(0);
    expect((await ns1.run(`cat ${SETTINGS}`)).stdout).toContain(`base_url = "${url}/"`);
    await labPublish(pair().labName, NEW);
    await ns1.until(
      async () => locks.steps(),
      (steps) => steps.includes('pre-reboot'),
    );
    // It says hello first of all, in the words of the protocol, and below the whole path of the URL.
    expect(locks.steps()[0]).toBe('steady-state');
    const { path, headers, body } = locks.asked.find((one) => one.path.endsWith('pre-reboot')) as Asked;
    expect([path, headers['fleet-lock-protocol'], headers['content-type']]).toEqual([
      '/fleet/v1/pre-reboot',
      'true',
      undefined,
    ]);
    expect(JSON.parse(body)).toEqual({
      client_params: { id: expect.stringMatching(/^[0-9a-f]{32}$/), group: 'default' },
    });
    expect(await ns1.order()).toEqual([`${NEW} staged`, `${OLD} booted`]);
    expect(await statusText()).toContain(`update staged: ${NEW}; reboot pending due to update strategy`);
    await ns1.until(
      () => ns1.root('journalctl -u zincati -o cat'),
      ({ stdout }) => stdout.includes('lock-manager pre-reboot failure: server-side error, code 409: not now'),
    );
  });

  test('is described, so nothing is left to do; and run status says what it may do', async () => {
    expect(await deploy({ fleet_lock: url })).toMatchObject({ code: 0, summary: { status: 'ok' } });
    const { stdout } = await pair().command(
      'status',
      'ns1',
      '--os',
      '-i',
      pair().inventoryDir,
      '--lab-name',
      pair().labName,
    );
    expect(stdout).toMatch(/^ns1 .*44\.20261115\.3\.0 staged, locked .* may update it/m);
    expect(stdout).toContain(`ns1  Zincati: update staged: ${NEW}`);
  });

  test('boots it with a yes, and gives the lock back', async () => {
    await ns1.booted(async () => {
      locks.isGranting = true;
    });
    expect(await ns1.order()).toEqual([`${NEW} booted`, OLD]);
    const before = locks.steps().lastIndexOf('pre-reboot');
    await ns1.until(
      async () => locks.steps(),
      (steps) => steps.lastIndexOf('steady-state') > before,
    );
  });

  test('is off when that is asked for', async () => {
    const { code, summary } = await deploy('disabled');
    expect(code, JSON.stringify(summary.hosts)).toBe(0);
    await ns1.until(statusText, (text) => text.includes('auto-updates logic disabled by configuration'));
    expect(await ns1.run('systemctl is-active zincati')).toMatchObject({ code: 0 });
  });
});
