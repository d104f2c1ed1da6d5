/** The checks that only read: health, endpoints, database, dependencies, security headers. Of one instance. */
import { readHealthDocument } from '../adapters/health-document.ts';
import type { SmokePlan } from '../plan/types.ts';
import { checkDatabase, checkDependencies } from './smoke-documents.ts';
import { ask, failed, type Outcome, type SmokeRun, shown, timeoutIn, tooSlow } from './smoke-run.ts';

/** A page that was asked for; `headers` null: it gave no answer. */
interface Page {
  name: string;
  headers: Headers | null;
  outcomes: Outcome[];
}

export async function checkPages(url: string, run: SmokeRun): Promise<Outcome[]> {
  const { smoke } = run;
  const health = await checkHealth(url, run);
  const outcomes = [...health.outcomes];
  const endpoints: Page[] = [];
  for (const endpoint of smoke.endpoints) {
    run.tell(`${endpoint.method} ${endpoint.path} on ${url}`);
    const page = await checkEndpoint(url, endpoint, run);
    outcomes.push(...page.outcomes);
    endpoints.push(page);
  }
  if (smoke.database !== null) outcomes.push(await checkDatabase(url, smoke.database, run));
  if (smoke.dependencies !== null) outcomes.push(await checkDependencies(url, smoke.dependencies.path, run));
  return [...outcomes, ...checkHeaders(endpoints.length > 0 ? endpoints : [health], run)];
}

async function checkHealth(url: string, run: SmokeRun): Promise<Page> {
  const { smoke, version } = run;
  const { path, required_fields, expect } = smoke.health;
  const name = `GET ${path}`;
  try {
    const answer = await readHealthDocument(url, path, timeoutIn(run, smoke.timeout_ms), run.signal);
    const { status, document, took_ms, headers } = answer;
    const note = status >= 200 && status < 300 ? tooSlow(took_ms, smoke.max_response_time_ms) : `answered ${status}`;
    const outcomes: Outcome[] = [{ name, note, took_ms }];
    for (const field of required_fields) {
      const isThere = Object.hasOwn(document, field);
      outcomes.push({ name: `health has ${field}`, note: isThere ? null : 'it is missing', took_ms });
    }
    const expected =
      Object.hasOwn(document, 'version') && !Object.hasOwn(expect, 'version') ? { ...expect, version } : expect;
    for (const [field, value] of Object.entries(expected)) {
      const found = Object.hasOwn(document, field) ? document[field] : undefined;
      const wrong = found === value ? null : `it is ${found === undefined ? 'missing' : shown(found, run)}`;
      outcomes.push({ name: `health: ${field} is ${JSON.stringify(value)}`, note: wrong, took_ms });
    }
    return { name, headers, outcomes };
  } catch (error) {
    return { name, headers: null, outcomes: [failed(run, name, error)] };
  }
}

async function checkEndpoint(url: string, endpoint: SmokePlan['endpoints'][number], run: SmokeRun): Promise<Page> {
  const { method, path, status: expected } = endpoint;
  const name = `${method} ${path} → ${expected}`;
  try {
    const { status, headers, took_ms } = await ask(run, url, path, { method, timeoutMs: run.smoke.timeout_ms });
    const note = status === expected ? tooSlow(took_ms, run.smoke.max_response_time_ms) : `answered ${status}`;
    return { name: `${method} ${path}`, headers, outcomes: [{ name, note, took_ms }] };
  } catch (error) {
    return { name: `${method} ${path}`, headers: null, outcomes: [failed(run, name, error)] };
  }
}

function checkHeaders(pages: Page[], run: SmokeRun): Outcome[] {
  return Object.entries(run.smoke.security_headers).map(([header, allowed]) => {
    const name = `header ${header}: ${allowed === null ? 'any value' : allowed.join(' or ')}`;
    const answered = pages.flatMap((page) => (page.headers === null ? [] : [{ ...page, headers: page.headers }]));
    if (answered.length === 0) return { name, note: 'no page answered', took_ms: 0 };
    const notes = answered.flatMap((page) => {
      const found = page.headers.get(header);
      if (found === null) return [`${page.name} has none`];
      if (allowed === null || allowed.some((value) => sameHeader(value, found))) return [];
      return [`${page.name} has ${shown(found, run)}`];
    });
    return { name, note: notes[0] ?? null, took_ms: 0 };
  });
}

/** The values of these headers are words that are compared without regard to case. */
function sameHeader(one: string, other: string): boolean {
  return one.trim().toLowerCase() === other.trim().toLowerCase();
}
