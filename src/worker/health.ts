/**
 * A program for container health checks: exits 0 when a worker of this host polled both task queues lately, as the
 * server sees it; else 1, with the reason.
 */
import { hostname } from 'node:os';
import { Connection } from '@temporalio/client';
import { TASK_QUEUE, WATCH_TASK_QUEUE } from '../workflows/api.ts';
import { readWorkerConfig } from './config.ts';

/** A long poll ends after a minute at the latest, and is renewed. */
const LATELY_MS = 90_000;
const ACTIVITY_QUEUE = 2;

async function problem(): Promise<string | null> {
  const config = readWorkerConfig([], process.env);
  if (config === null) return 'no configuration';
  const { address, tls, apiKey, metadata } = config.connection;
  const connection = await Connection.connect({
    ...(address === undefined ? {} : { address }),
    ...(tls === undefined ? {} : { tls }),
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(metadata === undefined ? {} : { metadata }),
    connectTimeout: '3s',
  });
  try {
    for (const name of [TASK_QUEUE, WATCH_TASK_QUEUE]) {
      const { pollers } = await connection.withDeadline(Date.now() + 3_000, () =>
        connection.workflowService.describeTaskQueue({
          namespace: config.namespace,
          taskQueue: { name },
          taskQueueType: ACTIVITY_QUEUE,
        }),
      );
      const ours = pollers?.filter((poller) => poller.identity?.endsWith(`@${hostname()}`) === true) ?? [];
      const lastPoll = Math.max(0, ...ours.map((poller) => Number(poller.lastAccessTime?.seconds ?? 0) * 1_000));
      if (Date.now() - lastPoll > LATELY_MS) return `no worker of this host polled "${name}" lately`;
    }
    return null;
  } finally {
    await connection.close();
  }
}

const found = await problem().catch((error: unknown) => String(error));
if (found !== null) process.stderr.write(`${found}\n`);
process.exitCode = found === null ? 0 : 1;
