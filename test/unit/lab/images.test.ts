import { describe, expect, it } from 'vitest';
import type { Host } from '../../../src/inventory/model.ts';
import { imagesOf } from '../../../src/lab/images.ts';
import { checkedShift } from '../../../src/lab/ntp.ts';

const KEA = 'docker.cloudsmith.io/isc/docker/kea-dhcp4';

/** Only the vars matter here. */
const hosts = (...vars: readonly Host['vars'][]): { readonly hosts: ReadonlyMap<string, Host> } => ({
  hosts: new Map(vars.map((one, index) => [`ns${index}`, { vars: one } as Host])),
});

describe('the images of a lab', () => {
  it('are those that vars name, each once, and CoreDNS as it is pinned', () => {
    const images = imagesOf(hosts({ kea_image: `${KEA}:2.6.3`, interface: 'host0' }, { kea_image: `${KEA}:2.6.3` }));
    expect(images).toEqual([`${KEA}:2.6.3`, expect.stringMatching(/^docker\.io\/coredns\/coredns:\d+\.\d+\.\d+$/)]);
  });

  it('hold no Kea where none is named, and two where two are', () => {
    expect(imagesOf(hosts({})).filter((image) => image.includes('kea'))).toEqual([]);
    const both = imagesOf(hosts({ kea_image: `${KEA}:2.6.3` }, { kea_image: `${KEA}:3.0.3` }));
    expect(both.filter((image) => image.startsWith(KEA))).toEqual([`${KEA}:2.6.3`, `${KEA}:3.0.3`]);
  });

  it('hold the CoreDNS that is named instead of the pinned one', () => {
    expect(imagesOf(hosts({ coredns_image: 'docker.io/coredns/coredns:1.14.0' }))).toEqual([
      'docker.io/coredns/coredns:1.14.0',
    ]);
  });
});

describe('how wrong a clock is to be', () => {
  it.each([
    ['+45s', '+45s'],
    ['-90', '-90s'],
    ['+0.5', '+0.5s'],
    ['0', '0'],
  ])('%s is %s to libfaketime', (text, words) => {
    expect(checkedShift(text)).toBe(words);
  });

  it.each(['45', 'soon', '+45m', '', '+1s\nx', '$(reboot)', '+999999999'])('%j is refused', (text) => {
    expect(() => checkedShift(text)).toThrow(/cannot be wrong by/);
  });
});
