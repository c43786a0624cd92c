/** The moving part of a terminal's report: listr2 runs a task per host and redraws our lines. Loaded only by runs that take a moment. */
import { writeSync } from 'node:fs';
import { DefaultRenderer, Listr, Spinner } from 'listr2';

export interface Live {
  hostDone(host: string): void;
  /** Takes the lines away; what was printed meanwhile comes after. */
  stop(): Promise<void>;
}

/** Each task ends when its host does, or all of them when the display is stopped. `draw` gets a frame of the spinner. */
export function startLive(hosts: readonly string[], draw: (spinner: string) => string): Live {
  const ends = new Map<string, () => void>();
  const waiting = hosts.map((host) => new Promise<void>((resolve) => ends.set(host, resolve)));
  const spinner = new Spinner();
  const list = new Listr(
    hosts.map((title, index) => ({ title, task: () => waiting[index] })),
    {
      concurrent: true,
      exitOnError: false,
      registerSignalListeners: false, // Ctrl-C belongs to the run: the engine ends hosts safely first
      renderer: rendererOf(() => draw(spinner.fetch())),
      rendererOptions: { clearOutput: true, spinner },
      fallbackRendererCondition: false,
    },
  );
  process.on('exit', showCursor); // also when the run is aborted
  const finished = list.run();
  return {
    hostDone: (host) => ends.get(host)?.(),
    stop: async () => {
      for (const end of ends.values()) end();
      await finished;
      process.off('exit', showCursor);
    },
  };
}

/** listr2 brings spinner, redrawing and care for the cursor; the lines are ours. */
function rendererOf(draw: () => string): typeof DefaultRenderer {
  return class extends DefaultRenderer {
    override create(): string {
      return draw();
    }
  };
}

function showCursor(): void {
  writeSync(1, '\x1b[?25h');
}
