/** What crosses the admin API or comes back from disk, checked. */
import { z } from 'zod';
import { DEFAULT_DRAIN_TIMEOUT_MS, DEFAULT_HEALTH_PATH, MAX_REPLICAS } from './api.ts';

/** Also a folder's name in the state directory, so it holds no slash and no leading dot. */
export const serviceName = z.string().regex(/^[a-zA-Z0-9]([a-zA-Z0-9._-]{0,61}[a-zA-Z0-9])?$/, {
  message: 'a service name has 1 to 63 letters, digits, dots, dashes or underscores',
});
export const colourName = z.enum(['blue', 'green']);

const weight = z.number().min(0).max(100).multipleOf(0.001);
export const weightsSchema = z
  .strictObject({ blue: weight, green: weight })
  .refine(({ blue, green }) => Math.abs(blue + green - 100) < 1e-6, { message: 'the weights must sum to 100' });

export const exposedSchema = z.strictObject({
  colour: colourName,
  header: z.strictObject({ name: z.string().min(1).max(200), value: z.string().max(2_000) }).nullable(),
  mirror_percent: z.null('copies of requests are not sent here'),
});

export const fenceSchema = z.strictObject({
  run: z.string().min(1).max(500),
  epoch: z.int().min(1),
  step: z.int().min(0),
});

const noNul = (text: string) => !text.includes('\0');
const argument = z.string().refine(noNul, { message: 'must not hold a NUL byte' });
const command = z
  .array(argument)
  .min(1)
  .refine(([program]) => program !== '', { message: 'the program is missing' });
const environment = z.record(z.string().regex(/^[^=\0]+$/), argument);
const path = z.string().regex(/^\/[\x21-\x7e]*$/, { message: 'a path starts with / and holds no blanks' });

export const definitionSchema = z.strictObject({
  command,
  cwd: z.string().min(1).nullable().default(null),
  env: environment.default({}),
  health_path: path.default(DEFAULT_HEALTH_PATH),
  public_port: z.int().min(0).max(65_535).default(0),
  drain_timeout_ms: z.int().min(0).max(86_400_000).default(DEFAULT_DRAIN_TIMEOUT_MS),
  sticky: z.boolean().default(false),
});

export const colourRequestSchema = z.strictObject({
  version: z.string().min(1).max(200).refine(noNul, { message: 'must not hold a NUL byte' }),
  replicas: z.int().min(0).max(MAX_REPLICAS),
  refresh: z.boolean().optional(),
});
export const routerRequestSchema = z.strictObject({
  weights: weightsSchema,
  fence: fenceSchema.nullish(),
  exposed: exposedSchema.optional(),
});
export const claimRequestSchema = z.strictObject({ fence: fenceSchema });

// ---- on disk ---------------------------------------------------------------------------------------------------------

export const routerFileSchema = z.object({
  weights: weightsSchema,
  exposed: exposedSchema.exactOptional(),
  revision: z.string(),
  fence: fenceSchema.nullable(),
  fenced_revision: z.string().nullable(),
  before: weightsSchema.nullable(),
});

/** What a colour was deployed with; a new generation replaces every instance of the one before. */
export const deployedSchema = z.object({
  generation: z.int(),
  version: z.string(),
  replicas: z.int(),
  command,
  cwd: z.string().nullable(),
  env: environment,
  health_path: path,
});
export type Deployed = z.infer<typeof deployedSchema>;

export const instanceRecordSchema = z.object({
  id: z.string(),
  /** In the process's environment: finds a process whose pid had not reached the disk. */
  token: z.string(),
  colour: colourName,
  /** Which of the colour's replicas it is, from 0. */
  slot: z.int(),
  generation: z.int(),
  version: z.string(),
  health_path: path,
  port: z.int(),
  /** Null: recorded, and perhaps started. */
  pid: z.int().nullable(),
  /** Boot and start time of that pid, so that a stranger with the same pid is never adopted. */
  identity: z.string().nullable(),
});
export type InstanceRecord = z.infer<typeof instanceRecordSchema>;

export const serviceFileSchema = z.object({
  service: serviceName,
  definition: definitionSchema,
  /** Bound at the first start and kept. */
  public_port: z.int(),
  next_instance: z.int(),
  colours: z.object({ blue: deployedSchema.nullable(), green: deployedSchema.nullable() }),
  instances: z.array(instanceRecordSchema),
  /** Set before the service's instances are stopped for good; a restart goes on deleting. */
  deleted: z.boolean(),
});
export type ServiceFile = z.infer<typeof serviceFileSchema>;
