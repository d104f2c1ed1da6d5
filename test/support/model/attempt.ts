/** Activities of the model server, as the workflow schedules them and as they are played. */
import type { coresdk } from '@temporalio/proto';
import type { Job } from './engine.ts';

/** One attempt, as the code that plays it sees it. */
export interface Attempt {
  /** The same for every attempt of one activity, and for no other. */
  readonly key: string;
  readonly type: string;
  readonly args: unknown[];
  readonly number: number;
  readonly startedAtMs: number;
  readonly startToCloseMs: number;
  /** What the attempt before left behind. */
  readonly lastDetails: unknown;
  complete(value: unknown): void;
  fail(error: unknown): void;
  /** The process is gone: nothing is heard of this attempt again, nor does it do anything more. */
  die(): void;
  heartbeat(details: unknown): void;
  onCancel(listener: () => void): void;
  /** Virtual time; longer in a frozen process, for ever in a dead one. */
  sleep(ms: number): Promise<void>;
}

export interface Scheduled {
  readonly seq: number;
  readonly key: string;
  readonly type: string;
  readonly args: unknown[];
  readonly queue: string;
}

export interface ActivityTable {
  schedule(command: coresdk.workflow_commands.IScheduleActivity, runId: string): Scheduled;
  /** What the workflow is told at once; null: nothing yet. */
  cancel(seq: number, sameTask: boolean): Job | null;
  /** The run has ended: nothing is tried again, what runs goes on unheard. */
  closeRun(): void;
  /** `busy`: the queue's attempts run, and no other starts. */
  outage(kind: 'killed' | 'frozen' | 'busy'): void;
  recover(): void;
}
