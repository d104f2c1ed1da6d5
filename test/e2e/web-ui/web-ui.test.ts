/**
 * The Web UI as a person on call sees it. With CUTOVER_SCREENSHOTS=docs (`npm run screenshots`) the README's pictures
 * are taken anew.
 */
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { ensureTemporalCli } from '../../../src/local/temporal/cli.ts';
import { packageRoot } from '../../../src/package-root.ts';
import { findChromium, openBrowser, type TestBrowser, type TestPage } from '../../support/browser.ts';
import { requirePart } from '../../support/parts.ts';
import { addColumn, metadata, openList, openMetadata, openTimeline, rowOf, rows, sendUpdate } from './pages.ts';
import { type Scene, setScene, until } from './scene.ts';

const parts = await requirePart('Temporal CLI or Chromium', async () => {
  await ensureTemporalCli({ cliPath: process.env.CUTOVER_TEMPORAL_CLI });
  return findChromium();
});

/** Idle: a second. Beside other work on two cores: much longer. */
const PAGE_LIMIT_MS = 60_000;
/** As docs/operations.md has it. */
const RUNNING_IN_PRODUCTION = 'DeployEnvironment="production" AND ExecutionStatus="Running"';

parts.suite('the Temporal Web UI', () => {
  let scene: Scene;
  let browser: TestBrowser;
  let opened: TestPage;
  let page: Page;

  beforeAll(async () => {
    scene = await setScene();
    browser = await openBrowser(parts.value(), PAGE_LIMIT_MS);
  });
  beforeEach(async () => {
    opened = await browser.open();
    page = opened.page;
  });
  afterEach(async ({ task }) => {
    const trace = await opened.close(task.result?.state === 'fail' ? task.id : null);
    if (trace !== null) console.log(`what was on the page: npx playwright-core show-trace ${trace}`);
  });
  afterAll(async () => {
    await browser?.close();
    await scene?.stop();
  });

  /** Once `shown` is there; on failure the test says what is there instead. */
  async function currentDetails(shown: string): Promise<string> {
    const details = metadata(page, 'Current Details').locator('main');
    await details
      .getByText(shown)
      .first()
      .waitFor()
      .catch(() => undefined);
    const text = await details.innerText();
    expect(text).toContain(shown);
    return text;
  }

  async function picture(name: string): Promise<void> {
    if (process.env.CUTOVER_SCREENSHOTS !== 'docs') return;
    await page.screenshot({ path: join(packageRoot(), 'docs', `${name}.png`) });
  }

  it('lists the running deployments of production by phase, with one query', async () => {
    await openList(page, scene.uiUrl, RUNNING_IN_PRODUCTION);
    await addColumn(page, 'DeployPhase');
    await rowOf(page, scene.waiting).getByText('approval').waitFor();
    await rowOf(page, scene.observed).getByText('observation').waitFor();
    await rowOf(page, scene.rolledBack).getByText('keep_failed').waitFor();
    expect(await rows(page).count()).toBe(3);
    expect(await rowOf(page, scene.inStaging).count()).toBe(0);

    await openList(page, scene.uiUrl, `${RUNNING_IN_PRODUCTION} AND DeployPhase="approval"`);
    await rowOf(page, scene.waiting).waitFor();
    expect(await rows(page).count()).toBe(1);
  });

  it('shows a run in observation: what is planned, where it is, what to do', async () => {
    await openMetadata(page, scene.uiUrl, scene.observed);
    expect(await metadata(page, 'Summary').locator('main').innerText()).toContain('checkout 2.4.1 → production');
    const planned = await metadata(page, 'Details').locator('main').innerText();
    expect(planned).toMatch(/observation\s+4h\s+100 %\s+roll back when error_rate > 5/);

    const details = await currentDetails('checkout 2.4.1 → production: observation until');
    expect(details).toContain('Traffic: green (new, 2.4.1) 100 % · blue (old, 1.0.0) 0 %');
    expect(details).toMatch(/To do: nothing; it goes on by itself.*\n?.*To go back now: .*rollback/);
    expect(details).toContain('Approval: approved by ben@example.com');
    expect(details).toMatch(/✔ performance validation at 20 %, \d\d:\d\d:\d\d to \d\d:\d\d:\d\d/);
    expect(details).toMatch(/▶ observation at 100 %, \d\d:\d\d:\d\d until \d\d:\d\d:\d\d/);
    expect(details).toMatch(/✔ roll back when error_rate > 5: 0 %, limit 5 %, \d+ observed/);
    await picture('web-ui-observation');

    await openTimeline(page, scene.uiUrl, scene.observed);
    await page
      .getByText(/watch observation until \d{4}-/)
      .first()
      .waitFor();
    await page
      .getByText(/observation ends, plus .* for its verdict/)
      .first()
      .waitFor();
    await page.getByText('shift: blue 0 %, green 100 %').first().waitFor();
  });

  it('shows why a run was rolled back, and where the traffic is', async () => {
    await openMetadata(page, scene.uiUrl, scene.rolledBack);
    const details = await currentDetails('search 4.0.0 → production: rolled back');
    expect(details).toContain('Traffic: blue (old, 1.0.0) 100 % · green (new, 4.0.0) 0 %');
    expect(details).toMatch(/Why rolled back: .*error_rate > 5/);
    expect(details).toMatch(
      /Rollback from (observation|decision window) at .* UTC, automatic; traffic back after \d+ ms/,
    );
    expect(details).toMatch(/✘ (observation|decision window) at/);
    expect(details).toContain('green is kept to be looked at');
    await picture('web-ui-rolled-back');
  });

  it('takes an approval', async () => {
    await openMetadata(page, scene.uiUrl, scene.waiting);
    await currentDetails('approve or reject');
    const { phases } = await scene.waiting.status();
    expect(phases.find(({ name }) => name === 'approval')?.state).toBe('running');

    await sendUpdate(page, 'approve', { by: 'ana@example.com', reason: 'looks good' });

    const status = await until(scene.waiting, ({ phase }) => phase === 'observation');
    expect(status.approval).toMatchObject({ state: 'approved', approved_by: ['ana@example.com'] });
    expect(status.messages).toMatchObject([
      { name: 'approve', via: 'update', by: 'ana@example.com', reason: 'looks good', accepted: true },
    ]);
    await openMetadata(page, scene.uiUrl, scene.waiting);
    expect(await currentDetails('payments 3.1.0 → production: observation')).toContain(
      'approve by ana@example.com (looks good)',
    );
  });
});
