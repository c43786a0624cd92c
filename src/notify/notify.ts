/** Tells everybody who wants to know how a run ended, side by side. Never throws for what receivers or secrets do. */
import { InfraError } from '../errors.ts';
import { resolveSecrets } from '../secrets/resolve.ts';
import { Secret } from '../secrets/secret.ts';
import type { RunRecord } from '../store/record.ts';
import { isTold } from './message.ts';
import type { Notification } from './notify.schema.ts';
import { receiverName, SEND_OPTIONS, type SendOptions, send } from './send.ts';

export interface Told {
  /** `webhook chat.example.com` */
  readonly receiver: string;
  /** undefined: it was told. */
  readonly failure?: string;
}

export async function notifyAll(
  all: readonly Notification[],
  record: RunRecord,
  options: SendOptions = SEND_OPTIONS,
): Promise<readonly Told[]> {
  const wanted = all.filter((one) => isTold(one, record));
  return Promise.all(wanted.map((one) => tell(one, record, options)));
}

async function tell(to: Notification, record: RunRecord, options: SendOptions): Promise<Told> {
  const secrets = [to.webhook, to.ntfy, to.token].filter((value) => value instanceof Secret);
  try {
    await resolveSecrets(secrets);
  } catch (error) {
    if (!(error instanceof InfraError)) throw error;
    return { receiver: wayOf(to), failure: error.message };
  }
  const failure = await send(to, record, options);
  return { receiver: receiverName(to), ...(failure === undefined ? {} : { failure }) };
}

function wayOf({ webhook, ntfy }: Notification): string {
  return webhook !== undefined ? 'webhook' : ntfy !== undefined ? 'ntfy' : 'mail';
}
