/** What an approval is bound to: version, plan and evidence, as one short text. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import type { Run } from './run.ts';

/** As many characters of a digest as make it one: what people copy. */
export const MIN_DIGEST_PREFIX = 8;
const SCHEME = 'sha256:';

/** `sha256:…` over the version, the plan and what every phase has measured so far. */
export function digestOf(run: Run): string {
  const evidence = Object.values(run.phases).map(({ name, state, evidence, note }) => ({
    name,
    state,
    evidence,
    note,
  }));
  const approved = {
    version: run.plan.version,
    plan: run.plan,
    parity: run.parity,
    baselines: run.baselines,
    evidence,
  };
  return `${SCHEME}${bytesToHex(sha256(utf8ToBytes(JSON.stringify(approved))))}`;
}

/** Whether a person's text, with or without `sha256:`, names the digest. */
export function namesDigest(text: string, digest: string): boolean {
  const given = text.startsWith(SCHEME) ? text.slice(SCHEME.length) : text;
  return given.length >= MIN_DIGEST_PREFIX && digest.slice(SCHEME.length).startsWith(given.toLowerCase());
}
