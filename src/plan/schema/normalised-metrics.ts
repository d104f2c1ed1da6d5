/** The settings of the metrics providers as they stand in a normalised plan: strict, since anyone can start raw JSON. */
import { z } from 'zod';
import { DIMENSION_NAMES } from '../cloudwatch.ts';
import { EXPORTER_NAMES } from '../exporters.ts';
import { httpUrl, MAX_TEXT, queries } from './base.ts';
import { milliseconds, name } from './normalised-base.ts';

const headers = z.record(name, z.string().max(MAX_TEXT));

export const prometheusSettings = z.strictObject({
  url: httpUrl,
  fallback: z.array(httpUrl).max(5),
  headers,
  basic_auth: z.strictObject({ username: name, password_file: name }).nullable(),
  bearer_token_file: name.nullable(),
  tls: z
    .strictObject({
      ca_file: name.optional(),
      cert_file: name.optional(),
      key_file: name.optional(),
      server_name: name.optional(),
    })
    .nullable(),
  tenant: name.nullable(),
  exporter: z.enum(EXPORTER_NAMES),
  /** Null: the exporter's own. */
  labels: z.record(name, name).nullable(),
  status_label: name.nullable(),
  where: z.string().max(MAX_TEXT).nullable(),
  kubernetes: z.strictObject({ namespace: name.optional(), pods: name, container: name.optional() }),
  /** Metric → query of the observations behind the plan's own query. */
  counts: queries,
  ingestion_delay_ms: milliseconds,
  /** The widest bucket that a latency may be read from; null: any. */
});
export type PrometheusSettings = z.infer<typeof prometheusSettings>;

export const webSettings = z.strictObject({ url: httpUrl, headers, counts: queries });
export type WebSettings = z.infer<typeof webSettings>;

const ofColour = z.strictObject(Object.fromEntries(DIMENSION_NAMES.map((dimension) => [dimension, name]))).partial();
export const cloudwatchSettings = z.strictObject({
  /** Null: the router's, the platform's, else the worker's. */
  region: name.nullable(),
  period_ms: milliseconds,
  ingestion_delay_ms: milliseconds,
  /** Go before those that follow from router and platform. */
  dimensions: z.strictObject({ blue: ofColour, green: ofColour }),
  /** Name → metric, statistic over each period, dimensions that select a colour. */
  series: z.record(
    name,
    z.strictObject({
      namespace: z.string().max(MAX_TEXT),
      metric: name,
      dimensions: z.record(name, name),
      statistic: name,
    }),
  ),
  counts: queries,
});
export type CloudWatchSettings = z.infer<typeof cloudwatchSettings>;

const SETTINGS: Readonly<Record<string, z.ZodType>> = {
  prometheus: prometheusSettings,
  cloudwatch: cloudwatchSettings,
  web: webSettings,
};

/** Refuses the settings of a provider that this version has and that cannot be its own. */
export function checkSettings({ kind, config }: { kind: string; config: unknown }, context: z.RefinementCtx): void {
  const settings = Object.hasOwn(SETTINGS, kind) ? SETTINGS[kind] : undefined;
  for (const { message, path } of settings?.safeParse(config).error?.issues ?? []) {
    context.addIssue({ code: 'custom', message, path: ['config', ...path] });
  }
}
