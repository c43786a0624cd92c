/** Ctrl-C, SIGTERM and a lost terminal: the first ends the run safely, the second at once. */

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface Interruption {
  readonly signal: AbortSignal;
  /** Leaves the signals to Node's defaults again. */
  dispose(): void;
}

export interface InterruptHandlers {
  /** After the first signal; the AbortSignal is aborted already. */
  readonly onFirst: (name: NodeJS.Signals) => void;
  /** Must not return: the process ends here. */
  readonly onSecond: (name: NodeJS.Signals) => never;
}

export function handleInterrupts({ onFirst, onSecond }: InterruptHandlers): Interruption {
  const controller = new AbortController();
  const listener = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) onSecond(name);
    controller.abort();
    onFirst(name);
  };
  for (const name of SIGNALS) process.on(name, listener);
  return {
    signal: controller.signal,
    dispose: () => {
      for (const name of SIGNALS) process.off(name, listener);
    },
  };
}
