import { Connection } from '@temporalio/client';
import { SEARCH_ATTRIBUTES } from '../../workflows/api.ts';

/** Null: the namespace answers and knows the Deploy… search attributes; else what it still lacks. */
export async function namespaceProblem(address: string, namespace: string): Promise<string | null> {
  let connection: Connection | null = null;
  try {
    connection = await Connection.connect({ address, connectTimeout: '2s' });
    const open = connection;
    return await open.withDeadline(Date.now() + 2_000, async () => {
      await open.workflowService.describeNamespace({ namespace });
      const known = await open.operatorService.listSearchAttributes({ namespace });
      const missing = SEARCH_ATTRIBUTES.filter((name) => known.customAttributes?.[name] === undefined);
      return missing.length === 0 ? null : `search attributes not registered: ${missing.join(', ')}`;
    });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await connection?.close().catch(() => undefined);
  }
}
