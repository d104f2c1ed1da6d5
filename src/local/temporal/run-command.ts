import { execFile } from 'node:child_process';

export interface CommandResult {
  ok: boolean;
  /** Both streams. */
  output: string;
  /** The last line that says something, or why it could not run; for people. */
  reason: string;
}

/** Runs a program to its end, at most `timeoutMs`. Never throws: a program that is missing or hangs is `ok: false`. */
export function runCommand(file: string, args: string[], timeoutMs: number): Promise<CommandResult> {
  return new Promise((resolve) => {
    const options = { timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: 16 * 2 ** 20 } as const;
    execFile(file, args, options, (error, stdout, stderr) => {
      const output = `${stdout}${stderr}`;
      resolve({
        ok: error === null,
        output,
        reason: error === null ? '' : describeFailure(file, error, output, timeoutMs),
      });
    });
  });
}

function describeFailure(
  file: string,
  error: Error & { code?: unknown; killed?: boolean },
  output: string,
  timeoutMs: number,
): string {
  if (error.code === 'ENOENT') return `${file}: not found`;
  if (error.killed === true) return `${file}: no end after ${timeoutMs / 1000} s`;
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  return lines.at(-1)?.trim() ?? error.message;
}
