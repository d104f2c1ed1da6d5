/** The settings of the metrics providers as they stand in a normalised plan: strict, since anyone can start raw JSON. */
import { z } from 'zod';
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

const SETTINGS: Readonly<Record<string, z.ZodType>> = { prometheus: prometheusSettings, web: webSettings };

/** Refuses the settings of a provider that this version has and that cannot be its own. */
export function checkSettings({ kind, config }: { kind: string; config: unknown }, context: z.RefinementCtx): void {
  const settings = Object.hasOwn(SETTINGS, kind) ? SETTINGS[kind] : undefined;
  for (const { message, path } of settings?.safeParse(config).error?.issues ?? []) {
    context.addIssue({ code: 'custom', message, path: ['config', ...path] });
  }
}
