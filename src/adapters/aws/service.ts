/** One AWS service as an adapter asks it: bounded, with errors that say what was asked and what would allow it. */
import { type AwsClient, type AwsServiceName, connect, forget, type Lane } from './clients.ts';
import { type Asked, errorOfAws } from './errors.ts';

export interface CallOptions {
  abortSignal: AbortSignal;
}

/** `send` calls the client's own `send`, with the options that it is given. */
export type Send<S extends AwsServiceName, T> = (client: AwsClient<S>, options: CallOptions) => Promise<T>;

/**
 * `action` is the API's own name of the operation, `resource` the ARN (or `*`) that a policy would name. Errors are
 * CutoverErrors: CUTOVER_AWS_THROTTLED, _UNREACHABLE, _UNWELL, _CREDENTIALS and _CONFLICT, which pass; _FORBIDDEN (names the
 * statement that would allow it), _NOT_FOUND, _REFUSED and _CONFIG, which somebody has to mend.
 */
export interface AwsService<S extends AwsServiceName> {
  /** Up to three attempts, under the rate limit that all reads of this API share. */
  read<T>(action: string, resource: string, signal: AbortSignal, send: Send<S, T>): Promise<T>;
  /** One attempt, which waits for no rate limit: a write, and the read that it rests on. */
  write<T>(action: string, resource: string, signal: AbortSignal, send: Send<S, T>): Promise<T>;
}

/** `region` null: the one of the SDK's default chain. */
export function awsService<S extends AwsServiceName>(name: S, region: string | null): AwsService<S> {
  async function call<T>(lane: Lane, asked: Asked, signal: AbortSignal, send: Send<S, T>): Promise<T> {
    signal.throwIfAborted();
    const connection = connect(name, region, lane);
    try {
      return await send(await connection, { abortSignal: signal });
    } catch (error) {
      signal.throwIfAborted();
      const told = errorOfAws(error, asked);
      if (told.code === 'CUTOVER_AWS_CREDENTIALS') forget(connection);
      throw told;
    }
  }

  return {
    read: (action, resource, signal, send) => call('read', { action: `${name}:${action}`, resource }, signal, send),
    write: (action, resource, signal, send) => call('write', { action: `${name}:${action}`, resource }, signal, send),
  };
}
