/** The pages of Temporal's Web UI as a person uses them: by what is written on them. */
import type { FrameLocator, Locator, Page } from 'playwright-core';

interface Run {
  workflow_id: string;
  run_id: string;
}

export async function openList(page: Page, uiUrl: string, query: string): Promise<void> {
  await open(page, `${uiUrl}/namespaces/default/workflows?query=${encodeURIComponent(query)}`);
  await rows(page).first().waitFor();
}

/** The deployments of the list. */
export function rows(page: Page): Locator {
  return page
    .getByRole('table', { name: 'Workflows' })
    .getByRole('row')
    .filter({ has: page.getByRole('link') });
}

export function rowOf(page: Page, { workflow_id }: Run): Locator {
  return rows(page).filter({ has: page.getByRole('link', { name: workflow_id, exact: true }) });
}

/** The page keeps it for this browser. */
export async function addColumn(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: 'Configure Columns' }).click();
  await page.getByRole('button', { name: `Add ${name} column` }).click();
  await page.getByRole('button', { name: 'Close Workflows Table configuration' }).click();
  await page.getByRole('columnheader', { name }).waitFor();
}

export async function openTimeline(page: Page, uiUrl: string, run: Run): Promise<void> {
  await open(page, `${runUrl(uiUrl, run)}/timeline`);
}

export async function openMetadata(page: Page, uiUrl: string, run: Run): Promise<void> {
  await open(page, `${runUrl(uiUrl, run)}/user-metadata`);
  for (const title of ['Summary', 'Details', 'Current Details'] as const) {
    await metadata(page, title).locator('main').waitFor();
  }
}

/** Markdown is rendered in a frame of its own. */
export function metadata(page: Page, title: 'Summary' | 'Details' | 'Current Details'): FrameLocator {
  const heading = page.getByRole('heading', { name: title, exact: true });
  return heading.locator('xpath=following::iframe[1]').contentFrame();
}

const SUBMITS = 3;
const SUBMIT_MS = 10_000;

/** As of a page opened with `openMetadata`: the menu is there, and nothing is redrawn every second. */
export async function sendUpdate(page: Page, name: string, payload: unknown): Promise<void> {
  await page.getByRole('button', { name: 'More Actions' }).click();
  await page.getByRole('menuitem', { name: 'Send an Update' }).click();
  const dialog = page.getByRole('dialog', { name: 'Send an Update' });
  await dialog.getByRole('button', { name: 'Select an Update' }).click();
  await dialog.getByRole('option', { name, exact: true }).click();
  await dialog.getByRole('textbox', { name: 'Data' }).fill(JSON.stringify(payload));
  // The page takes the text over a moment after it was typed; a click before that does nothing.
  await page.keyboard.press('Tab');
  for (let attempt = 1; ; attempt += 1) {
    await page.waitForTimeout(500);
    await dialog.getByRole('button', { name: 'Submit' }).click();
    try {
      return await dialog.waitFor({ state: 'hidden', timeout: SUBMIT_MS });
    } catch (cause) {
      if (attempt < SUBMITS) continue;
      throw new Error(`the update ${name} was not taken; the page says:\n${await dialog.innerText()}`, { cause });
    }
  }
}

/** A busy machine's server may be slow to answer once. */
async function open(page: Page, url: string): Promise<void> {
  await page.goto(url).catch(() => page.goto(url));
}

function runUrl(uiUrl: string, { workflow_id, run_id }: Run): string {
  return `${uiUrl}/namespaces/default/workflows/${encodeURIComponent(workflow_id)}/${run_id}`;
}
