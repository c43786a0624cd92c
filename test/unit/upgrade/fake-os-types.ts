/** What a scripted host is made of. */
import type { Release } from '../../../src/upgrade/release.ts';

export interface Deployment {
  readonly name: string;
  readonly release: Release;
}

/** What the host does when it is told to reboot; `never-heard`: the word was lost, and the host waits for its deadline; `never-heard-ended`: it has ended its slot by itself when it is asked. */
export type RebootTo = 'new' | 'old' | 'other' | 'nowhere' | 'stays-up' | 'never-heard' | 'never-heard-ended';

/** Where the link breaks, or the helper refuses: the verb's name. */
export interface OsFault {
  readonly verb: string;
  /** `lost`: done, and the answer lost; `refused`: not done, with an error line. */
  readonly kind: 'lost' | 'refused';
}

export interface Slot {
  readonly id: string;
  readonly run: string;
  readonly action: string;
  readonly from: string;
  to: string;
  readonly toVersion: string;
  readonly target: string;
  state: string;
  cause: string;
  trialBoot: string;
  /** It heard the word to reboot. */
  isTold: boolean;
}
