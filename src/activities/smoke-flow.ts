/** A flow: steps that a user would take, one after the other on one instance, until one fails. */
import type { SmokeFlow, SmokeStep } from '../plan/types.ts';
import { messageOf } from './clock.ts';
import { ask, expectStatus, type Outcome, type SmokeRun, tooSlow } from './smoke-run.ts';
import { type Captured, captureFrom, fillStep, type StepValues } from './smoke-step.ts';

const MAX_BYTES = 1024 * 1024;
/** A captured value of at least so many characters may be a credential, and is hidden like one. */
const MIN_HIDDEN = 8;

/**
 * One outcome for the whole flow. `id` is the same when the flow is run again after a lost attempt: steps that write
 * carry it as their Idempotency-Key, so that a service that knows the header does not do them twice.
 */
export async function runFlow(
  url: string,
  flow: SmokeFlow,
  id: string,
  secret: StepValues['secret'],
  run: SmokeRun,
): Promise<Outcome> {
  const captured = new Map<string, Captured>();
  let tookMs = 0;
  for (const [index, step] of flow.steps.entries()) {
    const where = `step ${index + 1} of ${flow.steps.length}, ${step.method} ${step.path}`;
    run.tell(`flow ${flow.name}, ${where}`);
    try {
      tookMs += await runStep(url, step, `${id}/${index + 1}`, { captured, secret }, run, (name, value) => {
        captured.set(name, value);
        if (String(value).length >= MIN_HIDDEN) run.redactor.hide(String(value), `{{${name}}}`);
      });
    } catch (error) {
      run.signal.throwIfAborted();
      return { name: `flow ${flow.name}`, note: `${where}: ${messageOf(error)}`, took_ms: tookMs };
    }
  }
  return { name: `flow ${flow.name}`, note: null, took_ms: tookMs };
}

/** Milliseconds it took. Throws an Error that tells what was expected and found. */
async function runStep(
  url: string,
  step: SmokeStep,
  id: string,
  values: StepValues,
  run: SmokeRun,
  keep: (name: string, value: Captured) => void,
): Promise<number> {
  const { path, headers, ...rest } = fillStep(step, values);
  const writes = step.method !== 'GET' && step.method !== 'HEAD';
  const read = {
    method: step.method,
    timeoutMs: step.timeout_ms,
    maxBytes: MAX_BYTES,
    headers: { ...(writes && { 'idempotency-key': id }), ...headers },
    ...rest,
  };
  const answer = await ask(run, url, path, read);
  const wrong = expectStatus(answer.status, step.status) ?? tooSlow(answer.took_ms, run.smoke.max_response_time_ms);
  if (wrong !== null) throw new Error(wrong);
  for (const [name, value] of captureFrom(answer.body, step.capture)) keep(name, value);
  return answer.took_ms;
}
