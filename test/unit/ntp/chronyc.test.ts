/** chronyc's CSV, as captured from chronyd 4.6.1 in lab hosts (chronyc -n -c tracking, -N -c sources -a). */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorBoundSec, parseSources, parseTracking, trackingFollows } from '../../../src/ntp/chronyc.ts';
import { ChronycOutputError } from '../../../src/ntp/errors.ts';

const SYNCHRONISED =
  '0A4D0101,10.77.1.1,4,1795207435.767089372,-0.000007727,0.000002469,0.000002469,0.676,0.060,61.101,0.000025518,0.000062214,2.0,Normal\n';
const OWN_CLOCK =
  '7F7F0101,,10,1795207428.358582024,0.000000000,0.000000000,0.000000000,0.000,0.000,0.000,0.000000000,0.000000000,0.0,Normal\n';
const NOTHING =
  '00000000,,0,0.000000000,-0.000000159,0.000000000,0.000000000,0.067,0.000,0.000,1.000000000,1.000000000,0.0,Not synchronised\n';

const SOURCES = `^,*,10.77.1.1,3,6,17,4,0.000003405,0.000005874,0.000012807
=,?,10.77.1.12,0,4,1,4294967295,0.000000000,0.000000000,0.000000000
^,x,ntp.example.net,2,6,377,12,-45.000003405,-45.000003405,0.000512807
^,?,2.fedora.pool.ntp.org,0,6,0,4294967295,0.000000000,0.000000000,0.000000000
#,+,PPS0,0,4,377,3,0.000000012,0.000000012,0.000000100
`;

describe('chronyc -c tracking', () => {
  it('is read field by field', () => {
    const tracking = parseTracking(SYNCHRONISED);
    expect(tracking).toMatchObject({
      refId: '0A4D0101',
      refName: '10.77.1.1',
      stratum: 4,
      systemOffsetSec: -0.000007727,
      frequencyPpm: 0.676,
      skewPpm: 61.101,
      updateIntervalSec: 2,
      leap: 'normal',
    });
    expect(errorBoundSec(tracking)).toBeCloseTo(0.000007727 + 0.000062214 + 0.000025518 / 2, 12);
  });

  it('tells a source from the own clock, which says "Normal" as well, and from nothing', () => {
    expect([SYNCHRONISED, OWN_CLOCK, NOTHING].map((line) => trackingFollows(parseTracking(line)))).toEqual([
      'source',
      'own-clock',
      'none',
    ]);
  });

  it.each([
    ['no answer', ''],
    ['chronyc without a daemon', '506 Cannot talk to daemon\n'],
    ['the human form', 'Reference ID    : 7F7F0101 ()\nStratum         : 10\n'],
    ['two lines', SYNCHRONISED + SYNCHRONISED],
    ['a field less', SYNCHRONISED.replace(',2.0,', ',')],
    ['a field more', SYNCHRONISED.replace('Normal', 'Normal,1')],
    ['a leap status of tomorrow', SYNCHRONISED.replace('Normal', 'Abnormal')],
    ['a word of every object', SYNCHRONISED.replace('Normal', 'constructor')],
    ['not a number', SYNCHRONISED.replace('0.676', 'nan')],
    ['an empty number', SYNCHRONISED.replace('0.676', '')],
  ])('refuses %s', (_title, output) => {
    expect(() => parseTracking(output)).toThrow(ChronycOutputError);
  });

  it('shows what it could not read without control characters', () => {
    try {
      parseTracking('\u001b[2Jgotcha\u0007');
      expect.unreachable();
    } catch (error) {
      expect((error as ChronycOutputError).detail.join('')).toMatch(/^[\x20-\x7e]+$/);
    }
  });
});

describe('chronyc -c sources', () => {
  it('is read line by line; reach is octal and UINT32_MAX is never', () => {
    const sources = parseSources(SOURCES);
    expect(
      sources.map(({ mode, state, name, reach, lastSampleSec }) => [mode, state, name, reach, lastSampleSec]),
    ).toEqual([
      ['server', 'selected', '10.77.1.1', 0o17, 4],
      ['peer', 'unusable', '10.77.1.12', 1, undefined],
      ['server', 'falseticker', 'ntp.example.net', 255, 12],
      ['server', 'unusable', '2.fedora.pool.ntp.org', 0, undefined],
      ['refclock', 'combined', 'PPS0', 255, 3],
    ]);
    expect(sources[2]).toMatchObject({ stratum: 2, poll: 6, offsetSec: -45.000003405, errorSec: 0.000512807 });
  });

  it('may be empty', () => {
    expect(parseSources('')).toEqual([]);
  });

  it.each([
    ['chronyc without a daemon', '506 Cannot talk to daemon\n'],
    ['an unknown mode', SOURCES.replace('^,*', '!,*')],
    ['an unknown state', SOURCES.replace('^,*', '^,!')],
    ['a reach that is not octal', SOURCES.replace(',17,', ',18,')],
    ['a reach over 8 bits', SOURCES.replace(',17,', ',477,')],
    ['a field less', SOURCES.replace(',17,', ',')],
  ])('refuses %s', (_title, output) => {
    expect(() => parseSources(output)).toThrow(ChronycOutputError);
  });

  it('never takes arbitrary text for sources, and never fails otherwise than by its own error', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          for (const source of parseSources(text)) expect(source.name).not.toMatch(/[\s,]/);
        } catch (error) {
          expect(error).toBeInstanceOf(ChronycOutputError);
        }
      }),
    );
  });
});
