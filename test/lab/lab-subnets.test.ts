/** The map of networks: host parts are kept, nothing overlaps. */
import { describe, expect, it } from 'vitest';
import { mapAddress } from '../../src/lab/address-map.ts';
import {
  formatAddress,
  formatSubnet,
  overlaps,
  parseAddress,
  parseSubnet,
  pickFree,
  pickGateway,
} from '../../src/lab/subnets.ts';

const address = (text: string) => parseAddress(text) ?? expect.fail(`not an address: ${text}`);

describe('lab networks', () => {
  it('takes the first block that overlaps nothing', () => {
    expect(formatSubnet(pickFree(parseSubnet('192.0.2.0/24'), []) ?? expect.fail())).toBe('10.77.0.0/24');
    const taken = ['10.77.0.0/23', '10.77.2.128/25', '0.0.0.0/32'].map(parseSubnet);
    expect(formatSubnet(pickFree(parseSubnet('192.0.2.0/24'), taken) ?? expect.fail())).toBe('10.77.3.0/24');
    expect(formatSubnet(pickFree(parseSubnet('2001:db8::/64'), []) ?? expect.fail())).toBe('fd77:c0de:1ab::/64');
  });

  it('finds room for a network larger than its own space', () => {
    const subnet = pickFree(parseSubnet('172.16.0.0/14'), [parseSubnet('10.1.2.3/32')]) ?? expect.fail();
    expect(formatSubnet(subnet)).toBe('10.4.0.0/14');
  });

  it('says so when nothing is free', () => {
    expect(pickFree(parseSubnet('192.0.2.0/24'), [parseSubnet('10.0.0.0/8')])).toBeUndefined();
  });

  it.each([
    ['10.0.0.0/8', '10.77.0.0/24', true],
    ['10.77.0.0/24', '10.77.1.0/24', false],
    ['10.77.0.0/24', 'fd77::/64', false],
  ])('%s and %s overlap: %s', (a, b, expected) => {
    expect(overlaps(parseSubnet(a), parseSubnet(b))).toBe(expected);
  });

  it('gives the bridge the first address that no host has', () => {
    const subnet = parseSubnet('10.77.0.0/24');
    expect(formatAddress(pickGateway(subnet, [address('10.77.0.11')]))).toBe('10.77.0.1');
    expect(formatAddress(pickGateway(subnet, ['10.77.0.1', '10.77.0.254'].map(address)))).toBe('10.77.0.253');
  });

  it('keeps host parts', () => {
    const networks = [
      { inventory: '192.0.2.0/24', lab: '10.77.3.0/24', bridge: 'b0', gateway: '10.77.3.1' },
      { inventory: '2001:db8::/64', lab: 'fd77:c0de:1ab:7::/64', bridge: 'b1', gateway: 'fd77:c0de:1ab:7::1' },
    ];
    expect(mapAddress('192.0.2.12', networks)).toBe('10.77.3.12');
    expect(mapAddress('2001:db8::a:53', networks)).toBe('fd77:c0de:1ab:7::a:53');
    expect(mapAddress('198.51.100.1', networks)).toBeUndefined();
  });

  it.each(['192.0.2', '1', 'ns1', '192.0.2.300', ''])('%j is no address', (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });
});
