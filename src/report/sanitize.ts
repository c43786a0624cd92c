/** Whatever a host says is data: this takes out what a terminal would obey or what would mislead its reader. Pure. */

// Escape sequences as a whole (CSI, OSC and the like), so that their parameters do not stay behind as text.
const SEQUENCES = /\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])|\x9b[0-?]*[ -/]*[@-~]/g;
// C0 and C1 controls, and the invisible characters that reorder text (Unicode TR 36).
const CONTROLS = /[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** One line that is safe to print; tabs become two spaces. */
export function printable(text: string): string {
  return text.replace(SEQUENCES, '').replace(/\t/g, '  ').replace(CONTROLS, '');
}

/** Several lines, each of them safe. */
export function printableLines(text: string): readonly string[] {
  return text.split(/\r?\n/).map(printable);
}
