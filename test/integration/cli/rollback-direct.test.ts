import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { DIRECT_STEP } from '../../../src/adapters/types.ts';
import type { DirectReport } from '../../../src/direct/run.ts';
import { runCli } from '../../support/cli.ts';
import { get, runShop, SERVICE, startWorkbench, type Workbench } from '../local/support.ts';

const RUN = 'cutover/production/shop 0192';
/** Nothing listens there: whoever asks Temporal anything fails. */
const address = '127.0.0.1:1';

let bench: Workbench;
let folder: string;
let plan: string;

beforeAll(async () => {
  bench = await startWorkbench();
  folder = mkdtempSync(join(tmpdir(), 'cutover-direct-'));
  plan = join(folder, 'plan.yaml');
  writeFileSync(plan, `service: ${SERVICE}\nversion: "2.0.0"\nplatform: local\n`);
});
afterAll(async () => {
  await bench?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** As a workflow leaves the router when it dies in the middle of its switch. */
beforeEach(async () => {
  const { client } = bench;
  await client.remove(SERVICE, true);
  await runShop(client, { blue: { version: '1.0.0', replicas: 2 }, green: { version: '2.0.0', replicas: 2 } });
  const { revision } = await client.router(SERVICE);
  const claimed = await client.claim(SERVICE, { run: RUN, epoch: 1, step: 0 }, revision);
  await client.shift(
    SERVICE,
    { weights: { blue: 25, green: 75 }, fence: { run: RUN, epoch: 1, step: 6 } },
    claimed.state.revision,
  );
});

function direct(...more: string[]): ReturnType<typeof runCli> {
  const args = ['rollback', SERVICE, '--direct', '--plan', plan, ...more];
  return runCli(args, { address, env: { CUTOVER_LOCAL_URL: bench.program.url } });
}

test('without Temporal all traffic goes back, a second time is harmless, and a late write of the run is refused', async () => {
  const { client } = bench;
  const first = await direct('--json', '--by', 'ana', '--reason', 'errors');
  expect(first).toMatchObject({ code: 0, stderr: '' });
  const report = JSON.parse(first.stdout) as DirectReport;
  expect(report).toMatchObject({
    outcome: 'restored',
    old_colour: 'blue',
    weights: { blue: 100, green: 0 },
    fence: { run: RUN, epoch: 1, step: DIRECT_STEP + 1 },
    by: 'ana',
    reason_given: 'errors',
  });
  expect(report.events.map(({ kind }) => kind)).toEqual(['read', 'write', 'proof']);
  const { public_url } = await client.service(SERVICE);
  for (let count = 0; count < 10; count += 1) expect((await get(public_url)).colour).toBe('blue');

  const before = await client.router(SERVICE);
  const second = await direct();
  expect(second.code).toBe(0);
  expect(second.stdout).toContain('nothing to do: all traffic is on blue already');
  expect(second.stderr).toContain('cutover rollback production/shop');
  expect((await client.router(SERVICE)).revision).toBe(before.revision);

  const late = await client.shift(
    SERVICE,
    { weights: { blue: 0, green: 100 }, fence: { run: RUN, epoch: 1, step: 7 } },
    before.revision,
  );
  expect(late.kind).toBe('superseded');
  expect((await client.router(SERVICE)).weights).toEqual({ blue: 100, green: 0 });
});

test('an old colour that is known to be short holds it with exit code 5, until it is forced', async () => {
  const { client } = bench;
  const { revision } = await client.router(SERVICE);
  const fence = { run: RUN, epoch: 1, step: 7 };
  await client.shift(SERVICE, { weights: { blue: 0, green: 100 }, fence }, revision);
  await client.deploy(SERVICE, 'blue', { version: '1.0.0', replicas: 1 });
  const held = await direct();
  expect(held.code).toBe(5);
  expect(held.stdout).toMatch(/held: blue has [01] of the 2 ready instances that 100 % needs: \d missing/);
  expect((await client.router(SERVICE)).weights).toEqual({ blue: 0, green: 100 });
  const forced = await direct('--force');
  expect(forced.code).toBe(0);
  expect(forced.stdout).toMatch(/\+ +\d+ ms {2}forced: capacity was not looked at/);
  expect(forced.stdout).toContain('restored: all traffic is on blue');
});

test('a router that no deployment claimed, no plan, and another service’s plan are refused', async () => {
  await bench.client.remove(SERVICE, true);
  await runShop(bench.client, { blue: { version: '1.0.0', replicas: 1 } });
  const unclaimed = await direct();
  expect(unclaimed.code).toBe(2);
  expect(unclaimed.stderr).toContain('CUTOVER_NOTHING_TO_ROLL_BACK');

  const noPlan = await runCli(['rollback', SERVICE, '--direct'], { address });
  expect(noPlan.code).toBe(2);
  expect(noPlan.stderr).toContain('--direct needs --plan');

  const other = await runCli(['rollback', 'cart', '--direct', '--plan', plan], { address });
  expect(other.code).toBe(2);
  expect(other.stderr).toContain("The plan is production/shop's, but production/cart is to be rolled back.");

  const invalid = await direct('--set', 'lease.duration=soon');
  expect(invalid.code).toBe(2);
  expect(invalid.stderr).toContain('CUTOVER_PLAN_INVALID');
});

test('a router that does not answer is told, with exit code 5', async () => {
  const gone = await direct('--set', 'platform.local.url=http://127.0.0.1:1');
  expect(gone.code).toBe(5);
  expect(gone.stderr).toContain('CUTOVER_ROUTER_UNREACHABLE');
});
