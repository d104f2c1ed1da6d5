import { describe, type SuiteFactory } from 'vitest';

export interface Part<T> {
  /** Null: it is here; else why it is not. */
  missing: string | null;
  /** What the check returned; throws where the part is missing. */
  value(): T;
  /** `describe`, or `describe.skip` under a title that names the missing part and the reason. */
  suite(title: string, body: SuiteFactory): void;
}

/**
 * For tests that need a real program which may not be installed. `check` returns what the tests need of it, or throws
 * the reason. Where it is missing the tests are skipped, visibly and counted; with CUTOVER_REQUIRE_ALL=1 the file fails.
 */
export async function requirePart<T>(name: string, check: () => Promise<T> | T): Promise<Part<T>> {
  try {
    const found = await check();
    return { missing: null, value: () => found, suite: (title, body) => void describe(title, body) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (process.env.CUTOVER_REQUIRE_ALL === '1')
      throw new Error(`required part missing: ${name}: ${reason}`, { cause: error });
    process.stderr.write(`skipped: ${name} is missing: ${reason}\n`);
    return {
      missing: reason,
      value() {
        throw new Error(`${name} is missing: ${reason}`);
      },
      suite: (title, body) => void describe.skip(`${title} (${name} is missing)`, body),
    };
  }
}
