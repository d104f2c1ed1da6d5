/** Asks a Service's own address who answers: EndpointSlices say who should, and every node follows them when it can. */
import { isObject, parseObject } from '../../health-document.ts';
import { readHttp } from '../../http-read.ts';

export interface ServiceProbe {
  url: string;
  /** Where the answer tells its colour, or its version: a header, or a field of a JSON body, such as `build.version`. */
  header?: string | undefined;
  field?: string | undefined;
}

/** Each over a connection of its own, which is what a Service balances. */
const PROBES = 5;
const TIMEOUT_MS = 1_000;
const MAX_BYTES = 256 * 1024;

/** Why not every answer came from `expected` (the colour's name, and its versions), for people; null: every one did. */
export async function askService(
  probe: ServiceProbe,
  expected: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<string | null> {
  const asked = Array.from({ length: PROBES }, () => ask(probe, signal));
  const answers = await Promise.all(asked);
  const other = answers.find((answer) => !('told' in answer) || !expected.has(answer.told));
  if (other === undefined) return null;
  const wanted = [...expected].join(' or ');
  return `${probe.url} ${'told' in other ? `is answered by ${other.told}` : other.problem}; it must be ${wanted}`;
}

async function ask(
  { url, header, field }: ServiceProbe,
  signal: AbortSignal,
): Promise<{ told: string } | { problem: string }> {
  try {
    const read = { timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES, ownConnection: true };
    const { headers, body, status } = await readHttp(url, read, signal);
    const told = header === undefined ? valueAt(parseObject(body), field ?? '') : headers.get(header);
    const where = header === undefined ? `field ${field}` : `header ${header}`;
    return told === null ? { problem: `answered ${status} without the ${where}` } : { told };
  } catch (error) {
    signal.throwIfAborted();
    return { problem: `does not answer: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** The text or number at a dotted path; null: there is none. */
function valueAt(document: unknown, path: string): string | null {
  const found = path.split('.').reduce<unknown>((value, key) => {
    return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  }, document);
  return typeof found === 'string' || typeof found === 'number' ? String(found) : null;
}
