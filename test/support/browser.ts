/** A headless Chromium of the machine itself, for tests of what people see. Nothing is downloaded. */
import { access, constants } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];
/** No page reaches beyond this machine, whatever it asks for. */
const STAY_HERE = ['--no-proxy-server', '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1'];
const SETTINGS = {
  viewport: { width: 1280, height: 1150 },
  locale: 'en-US',
  timezoneId: 'UTC',
  colorScheme: 'light',
  reducedMotion: 'reduce',
} as const;

export interface TestBrowser {
  /** A page that shares nothing with earlier ones: no settings, and no connections that they left open. */
  open(): Promise<TestPage>;
  close(): Promise<void>;
}

export interface TestPage {
  page: Page;
  /** Returns the file of what happened on the page, for `npx playwright-core show-trace`; null: not asked to keep it. */
  close(keepTraceAs: string | null): Promise<string | null>;
}

/** The program that CUTOVER_CHROMIUM names, else the first on PATH; throws where there is none. */
export async function findChromium(): Promise<string> {
  const named = process.env.CUTOVER_CHROMIUM;
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const candidates = named ? [named] : NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  for (const path of candidates) {
    if (await isExecutable(path)) return path;
  }
  if (named) throw new Error(`CUTOVER_CHROMIUM names ${named}, which cannot be executed`);
  throw new Error(
    `no ${NAMES.join(', ')} on PATH; install one (Debian: apt-get install chromium) or name it by CUTOVER_CHROMIUM`,
  );
}

/** `timeoutMs` bounds each wait of the pages, which show times in UTC. */
export async function openBrowser(executablePath: string, timeoutMs: number): Promise<TestBrowser> {
  const browser = await chromium.launch({ executablePath, args: STAY_HERE, timeout: timeoutMs });
  return {
    async open() {
      const context = await browser.newContext(SETTINGS);
      context.setDefaultTimeout(timeoutMs);
      await context.tracing.start({ snapshots: true });
      return { page: await context.newPage(), close: (keepTraceAs) => closePage(context, keepTraceAs) };
    },
    close: () => browser.close(),
  };
}

async function closePage(context: BrowserContext, keepTraceAs: string | null): Promise<string | null> {
  const path = keepTraceAs === null ? null : join(tmpdir(), `cutover-trace-${keepTraceAs}-${process.pid}.zip`);
  await context.tracing.stop(path === null ? {} : { path });
  await context.close();
  return path;
}

function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
