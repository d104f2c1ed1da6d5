import { WorkflowUpdateFailedError } from '@temporalio/client';

/** The reason for which an update was refused; throws when it was not. */
export async function refusedWith(update: Promise<unknown>): Promise<string> {
  const error: unknown = await update.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof WorkflowUpdateFailedError)) throw new Error(`not refused: ${String(error)}`);
  return error.cause?.message ?? '';
}
