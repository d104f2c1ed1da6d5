/** Secrets and certificates in files on the worker, read at use and again when they change. What they hold is never told. */
import { readFile, realpath, stat } from 'node:fs/promises';
import { sep } from 'node:path';

export interface FileReader {
  /** The file's text, and a stamp that changes with it. Throws an Error that names file and reason. */
  read(path: string): Promise<{ text: string; stamp: string }>;
}

const MAX_BYTES = 64 * 1024;
/** What a header can carry. */
const ONE_LINE = /^[\x21-\x7e]+$/;

/**
 * Only files whose real path, symbolic links resolved, lies in `directory`; null: none. Whoever starts a deployment names both
 * the file and the address that it is sent to.
 */
export function createFileReader(directory: string | null): FileReader {
  const known = new Map<string, { text: string; stamp: string }>();
  return {
    async read(path) {
      try {
        await checkAllowed(directory, path);
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

async function checkAllowed(directory: string | null, path: string): Promise<void> {
  if (directory === null) throw new Error('this worker lets plans name no files (--secrets)');
  const [folder, file] = await Promise.all([realpath(directory), realpath(path)]);
  if (!file.startsWith(folder + sep)) throw new Error("it does not lie in the worker's directory of secrets");
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
