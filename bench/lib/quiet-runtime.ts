/** The SDK's runtime, of which a process has one. */
import { DefaultLogger, Runtime } from '@temporalio/worker';

let isInstalled = false;

/** Workers of this process report errors only. Before the first of them; calling it again changes nothing. */
export function quietRuntime(): void {
  if (isInstalled) return;
  isInstalled = true;
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { filter: 'ERROR', forward: {} } },
  });
}
