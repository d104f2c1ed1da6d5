/** The admin API. No credentials: it listens on the loopback interface and runs commands as its own user. */
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Logger } from 'pino';
import { AggregatorRegistry, type MetricObjectWithValues, type MetricValue } from 'prom-client';
import { z } from 'zod';
import { CutoverError, type ErrorCode } from '../errors.ts';
import type { ErrorBody, RouterAnswer } from './api.ts';
import * as schemas from './schemas.ts';
import type { Services } from './services.ts';

export interface AdminOptions {
  services: Services;
  /** Host names that a request may address, so that a web page cannot reach the API by rebinding its own; null: any. */
  hosts: string[] | null;
  log: Logger;
}

const BODY_LIMIT = 256 * 1024;
const ANSWER_STATUS: Record<RouterAnswer['kind'], ContentfulStatusCode> = {
  written: 200,
  already: 200,
  superseded: 409,
  conflict: 412,
};
const ERROR_STATUS: Partial<Record<ErrorCode, ContentfulStatusCode>> = {
  CUTOVER_USAGE: 400,
  CUTOVER_SERVICE_UNKNOWN: 404,
  CUTOVER_COLOUR_HAS_TRAFFIC: 409,
  CUTOVER_PORT_TAKEN: 409,
};

export function createAdmin({ services, hosts, log }: AdminOptions): Hono {
  const app = new Hono();
  app.use(async (context, next) => {
    const host = (context.req.header('host') ?? '').replace(/:\d+$/, '');
    if (hosts?.includes(host) === false)
      return context.json(errorBody('CUTOVER_USAGE', `host ${host} is not served here`), 421);
    await next();
    return undefined;
  });
  app.use(bodyLimit({ maxSize: BODY_LIMIT }));

  app.get('/healthz', (context) => context.json({ status: 'pass' }));
  app.get('/metrics', async (context) => context.text(await metricsOfAll(services)));
  app.get('/v1/services', (context) => context.json({ services: services.list().map((service) => service.view()) }));

  app.get('/v1/services/:service', (context) => context.json(services.get(context.req.param('service')).view()));
  app.put('/v1/services/:service', async (context) => {
    const name = check(schemas.serviceName, context.req.param('service'));
    const service = await services.define(name, await readBody(context, schemas.definitionSchema));
    return context.json(service.view());
  });
  app.delete('/v1/services/:service', async (context) => {
    await services.remove(context.req.param('service'), context.req.query('force') === 'true');
    return context.body(null, 204);
  });

  app.put('/v1/services/:service/colours/:colour', async (context) => {
    const service = services.get(context.req.param('service'));
    const colour = check(schemas.colourName, context.req.param('colour'));
    await service.deploy(colour, await readBody(context, schemas.colourRequestSchema));
    return context.json(service.view().colours[colour]);
  });

  app.get('/v1/services/:service/router', (context) => {
    const state = services.get(context.req.param('service')).routerView();
    return context.json(state, 200, { etag: `"${state.revision}"` });
  });
  app.put('/v1/services/:service/router', async (context) => {
    const service = services.get(context.req.param('service'));
    const expected = expectedRevision(context);
    const { weights, fence, exposed } = await readBody(context, schemas.routerRequestSchema);
    if (expected === null) return revisionRequired(context);
    if (expected === '*' && fence) return revisionRequired(context);
    return answerWrite(
      context,
      await service.write({ weights, exposed, fence: fence ?? null, expectedRevision: expected }),
    );
  });
  app.post('/v1/services/:service/router/claim', async (context) => {
    const service = services.get(context.req.param('service'));
    const expected = expectedRevision(context);
    const { fence } = await readBody(context, schemas.claimRequestSchema);
    if (fence.step !== 0) throw new CutoverError('CUTOVER_USAGE', 'a claim has step 0');
    if (expected === null || expected === '*') return revisionRequired(context);
    return answerWrite(context, await service.write({ weights: null, fence, expectedRevision: expected }));
  });

  app.get('/v1/services/:service/metrics', async (context) =>
    context.text(await services.get(context.req.param('service')).metrics.registry.metrics()),
  );

  app.notFound((context) =>
    context.json(errorBody('CUTOVER_USAGE', `no ${context.req.method} ${context.req.path}`), 404),
  );
  app.onError((error, context) => {
    if (error instanceof CutoverError) {
      return context.json(errorBody(error.code, error.message, error.hint), ERROR_STATUS[error.code] ?? 500);
    }
    log.error({ err: error, path: context.req.path }, 'request failed');
    return context.json(errorBody('CUTOVER_INTERNAL', error.message), 500);
  });
  return app;
}

/** Null: no If-Match that names one revision. */
function expectedRevision(context: Context): string | null {
  const value = context.req.header('if-match')?.trim();
  if (value === '*') return '*';
  return /^"([^"]+)"$/.exec(value ?? '')?.[1] ?? null;
}

function revisionRequired(context: Context): Response {
  const message = 'If-Match must name the expected revision in quotes (`*` only without a fence)';
  return context.json(errorBody('CUTOVER_USAGE', message), 428);
}

function answerWrite(context: Context, answer: RouterAnswer): Response {
  return context.json(answer, ANSWER_STATUS[answer.kind], { etag: `"${answer.state.revision}"` });
}

async function readBody<T>(context: Context, schema: z.ZodType<T>): Promise<T> {
  const body: unknown = await context.req.json().catch(() => {
    throw new CutoverError('CUTOVER_USAGE', 'the body is not JSON');
  });
  return check(schema, body);
}

function check<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new CutoverError('CUTOVER_USAGE', z.prettifyError(result.error));
}

function errorBody(code: ErrorCode, message: string, hint = new CutoverError(code, message).hint): ErrorBody {
  return { code, message, hint };
}

/** Each service has a registry of its own; their samples differ by the label `service`. */
async function metricsOfAll(services: Services): Promise<string> {
  const all = services.list().map((service) => service.metrics.registry.getMetricsAsJSON());
  const merged: MetricObjectWithValues<MetricValue<string>>[][] = await Promise.all(all);
  return AggregatorRegistry.aggregate(merged).metrics();
}
