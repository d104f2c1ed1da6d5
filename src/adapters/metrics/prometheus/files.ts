/** Secrets and certificates in files on the worker, read at use and again when they change. What they hold is never told. */
import { readFile, stat } from 'node:fs/promises';

export interface FileReader {
  /** The file's text, and a stamp that changes with it. Throws an Error that names file and reason. */
  read(path: string): Promise<{ text: string; stamp: string }>;
}

const MAX_BYTES = 64 * 1024;
/** What a header can carry. */
const ONE_LINE = /^[\x21-\x7e]+$/;

export function createFileReader(): FileReader {
  const known = new Map<string, { text: string; stamp: string }>();
  return {
    async read(path) {
      try {
        const { mtimeMs, ino, size } = await stat(path);
        const stamp = `${ino} ${mtimeMs} ${size}`;
        const before = known.get(path);
        if (before?.stamp === stamp) return before;
        if (size > MAX_BYTES) throw new Error(`it is larger than ${MAX_BYTES} bytes`);
        const file = { text: await readFile(path, 'utf8'), stamp };
        known.set(path, file);
        return file;
      } catch (error) {
        throw new Error(`${path} cannot be read: ${reasonOf(error)}`, { cause: error });
      }
    },
  };
}

/** A password or token: one line, without the line's end. */
export async function readSecret(files: FileReader, path: string): Promise<string> {
  const secret = (await files.read(path)).text.replace(/\r?\n$/, '');
  if (!ONE_LINE.test(secret)) throw new Error(`${path} must hold one line of visible ASCII characters`);
  return secret;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error ? String(error.code) : error.message;
}
