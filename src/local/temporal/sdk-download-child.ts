/**
 * A program of its own: makes the SDK download a server into a folder, by starting it once and stopping it again.
 * The SDK offers no download by itself, and no way to give up; a process can be given up.
 *
 * Arguments: `dev-server` or `time-skipping`, the folder, the version.
 */
import { TestWorkflowEnvironment } from '@temporalio/testing';

const [type, downloadDir, version] = process.argv.slice(2);
if (downloadDir === undefined || version === undefined) throw new Error('usage: TYPE FOLDER VERSION');
const executable = { type: 'cached-download', downloadDir, version } as const;

try {
  const environment =
    type === 'time-skipping'
      ? await TestWorkflowEnvironment.createTimeSkipping({ server: { executable } })
      : await TestWorkflowEnvironment.createLocal({ server: { executable } });
  await environment.teardown();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
