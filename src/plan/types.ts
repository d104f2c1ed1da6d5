/**
 * The normalised plan: what the client makes of the YAML and what enters a workflow.
 *
 * It is plain JSON (no Map, Date, undefined), with every default filled in, durations in milliseconds, shares and
 * rates in percent, latencies in milliseconds and criteria parsed. Keys are snake_case, as in the YAML.
 * `plan_version` changes when an older worker could misread the shape.
 */
export type Colour = 'blue' | 'green';

/** Percent of production requests per colour; the two always sum to 100. */
export interface Weights {
  blue: number;
  green: number;
}

export type Comparison = '<' | '<=' | '>' | '>=';

/** The right-hand side of a criterion. Percent metrics are in percent, latencies in milliseconds. */
export type Expression =
  | { kind: 'constant'; value: number }
  /** `baseline`, `baseline + N`, `baseline - N`, `baseline * N`, `baseline + N%` (of the baseline). */
  | { kind: 'baseline'; adjust: 'none' | 'add' | 'subtract' | 'multiply' | 'add_percent'; value: number };

/** One line of a plan. `source` is the text as written, shown to people. */
export type Criterion =
  | { kind: 'metric'; source: string; metric: string; op: Comparison; expr: Expression }
  | { kind: 'check'; source: string; check: string };

/** What reaches the candidate during a phase beside its share of the production requests. */
export interface Exposure {
  /** Requests with exactly this header go to the candidate whatever its share; null: there is none. */
  header: { name: string; value: string } | null;
  /** Of so many percent of the production requests the candidate gets a copy, whose answer nobody sees; null: of none. */
  mirror_percent: number | null;
}

export interface PhasePlan {
  duration_ms: number;
  /** The candidate's share during the phase, percent. */
  traffic_percentage: number;
  /** Absent: nothing but the share reaches the candidate. */
  expose?: Exposure;
  success_criteria: Criterion[];
  /** Judged every tick while the candidate has traffic. Defaults to the decision window's triggers. */
  rollback_triggers: Criterion[];
}

/** Adapter configuration: `kind` names the adapter, the rest is that adapter's own (validated by its schema). */
export interface LocalPlatformPlan {
  kind: 'local';
  /** Admin URL of the local program; null: the worker's own default. */
  url: string | null;
  /** Program and arguments of one instance; empty: keep what the service was created with. */
  command: string[];
  /** Working directory of the instances; null: the local program's own. */
  cwd: string | null;
  env: Record<string, string>;
}
export interface OtherAdapterPlan {
  kind: string;
  [key: string]: unknown;
}
export type PlatformPlan = LocalPlatformPlan | OtherAdapterPlan;
export interface LocalRouterPlan {
  kind: 'local';
  /** Admin URL of the local program; null: the worker's own default. */
  url: string | null;
}
export type RouterPlan = LocalRouterPlan | OtherAdapterPlan;

export type OnNoData = 'hold' | 'rollback' | 'ignore';

export interface MetricsPlan {
  /** The provider: `scrape`, `prometheus`, … */
  kind: string;
  /** The provider's own settings (for `prometheus`: url, …). */
  config: Record<string, unknown>;
  /** Adds to, or replaces, the built-in metric names; the text is the provider's own query. */
  queries: Record<string, string>;
  /** How often a tick is judged. */
  resolution_ms: number;
  /** Span of the samples behind one judgement of a trigger. */
  window_ms: number;
  /** Breaches in a row that fire a trigger. */
  consecutive: number;
  /** Requests within the window below which there is no data. */
  min_observations: number;
  on_no_data: OnNoData;
  /** How long `hold` waits for data. */
  no_data_limit_ms: number;
  /** How long a named check must have held at the phase's end. */
  settle_ms: number;
  /** Judged ÷ expected ticks needed to pass a window, percent. */
  coverage_percent: number;
  /** The longest time without a judged tick inside a passed window. */
  max_gap_ms: number;
}

export const SMOKE_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
export type SmokeMethod = (typeof SMOKE_METHODS)[number];

/** A value that is never part of a plan: the worker reads it from its own environment when the suite runs. */
export interface SmokeSecret {
  env: string;
}

export interface SmokeStep {
  method: SmokeMethod;
  /** Here, in headers and in texts of `json`, `{{name}}` stands for a value that an earlier step captured. */
  path: string;
  headers: Record<string, string | SmokeSecret>;
  /** The body; `{env: NAME}` anywhere in it is a secret. Null: none. */
  json: unknown;
  /** Null: any from 200 to 299. */
  status: number | null;
  timeout_ms: number;
  /** Name → JSONPath of one value in the JSON that is answered. */
  capture: Record<string, string>;
}

export interface SmokeFlow {
  name: string;
  steps: SmokeStep[];
}

/** All of it is asked of every ready instance of the candidate; the flows, which may write, of one. */
export interface SmokePlan {
  health: {
    path: string;
    required_fields: string[];
    /** Top-level field → the value it must have. */
    expect: Record<string, string | number | boolean>;
  };
  endpoints: { path: string; method: string; status: number }[];
  /** `max_response_ms`: of the page, and of the time that its document gives; null: only the common bound. */
  database: { path: string; max_response_ms: number | null } | null;
  /** A document in which every dependency must be healthy. */
  dependencies: { path: string } | null;
  flows: SmokeFlow[];
  /** Header of the endpoints' answers (without endpoints: of the health page's) → its allowed values; null: any. */
  security_headers: Record<string, string[] | null>;
  /** Upper bound of each response; null: none. */
  max_response_time_ms: number | null;
  /** Per-request time limit. */
  timeout_ms: number;
}

/** A request to a URL of its own. `json` null: no body beside the hook's event. */
export interface HttpCall {
  kind: 'http';
  method: SmokeMethod;
  /** Of a check it may begin with `/`: then it is asked of every ready instance of the candidate. */
  url: string;
  headers: Record<string, string | SmokeSecret>;
  json: unknown;
  /** Null: any from 200 to 299. */
  status: number | null;
}

/** A program, run without a shell; only where the worker allows the directory that it lies in. Exit code 0 is success. */
export interface ScriptCall {
  kind: 'script';
  /** Program and arguments. */
  command: string[];
  env: Record<string, string | SmokeSecret>;
}

/** A CDN is told to forget; the hook has succeeded when every edge location has. */
export interface CloudFrontCall {
  kind: 'cloudfront';
  /** ID of the distribution. */
  distribution: string;
  /** Each begins with `/`, and may end with `*`. */
  paths: string[];
}

/** What a named check of the plan looks at, instead of the candidate's health document. */
export type CheckPlan =
  | { call: HttpCall | ScriptCall; timeout_ms: number }
  /** Judged at every tick over `metrics.window_ms`. */
  | { call: { kind: 'metric'; criterion: Extract<Criterion, { kind: 'metric' }> }; timeout_ms: number };

export const HOOK_POINTS = ['before_switch', 'after_switch', 'on_rollback', 'before_cleanup'] as const;
export type HookPoint = (typeof HOOK_POINTS)[number];

export interface HookPlan {
  name: string;
  call: HttpCall | ScriptCall | CloudFrontCall;
  /** Of one attempt. */
  timeout_ms: number;
  /** Attempts in all, each with the same idempotency key. */
  attempts: number;
  /** What failing means. `hold`: a person is called, and it is tried again until it succeeds or is promoted past. */
  on_failure: 'rollback' | 'continue' | 'hold';
}

export const SAFE_PHASES = ['switch', 'decision_window', 'observation', 'lease'] as const;
/** Until when data allows a rollback without `force`: the named phase's begin, or a time after all traffic moved. */
export type RollbackSafety =
  | { kind: 'phase'; phase: (typeof SAFE_PHASES)[number] }
  | { kind: 'after_switch'; duration_ms: number };

/** An error burst on the candidate before the switch stops its share at once; another try after a pause. */
export interface CircuitBreakPlan {
  /** Percent of the requests of one tick. */
  error_rate: number;
  pause_ms: number;
  /** Bursts after which the deployment rolls back. */
  attempts: number;
}

export interface WebhookPlan {
  kind: 'webhook';
  url: string;
  /** The worker's environment variable with the key of the signature; null: unsigned. */
  secret: SmokeSecret | null;
  /** `attention`: what a person should act on. `all`: what went well, too. */
  events: 'attention' | 'all';
}
export type NotifierPlan = WebhookPlan;

export interface ApprovalPlan {
  required: number;
  approvers: string[];
  timeout_ms: number;
  on_timeout: 'rollback' | 'continue';
  /** Whether the one who started the deployment may approve it. */
  starter_may_approve: boolean;
}

export interface SwitchStep {
  share: number;
  /** How long the step is watched before the next one. The last step (100 %) is followed by the decision window. */
  duration_ms: number;
  success_criteria: Criterion[];
  /** Strategy `validation`: the smoke suite runs again at this share, before the step is watched. */
  smoke?: boolean;
}

export interface SwitchPlan {
  strategy: 'instant' | 'gradual' | 'validation';
  /** `instant`: one step of 100. */
  steps: SwitchStep[];
  /** Per shift: not proven converged within it, the shift is put back. */
  deadline_ms: number;
  /** How long requests in flight on the colour that loses its traffic may take to end. */
  drain_ms: number;
}

export interface Plan {
  plan_version: 1;
  service: string;
  environment: string;
  /** Region, cluster or account; null: none. Part of the workflow ID. */
  target: string | null;
  version: string;
  platform: PlatformPlan;
  router: RouterPlan;
  metrics: MetricsPlan;
  capacity: {
    /** Size of the standby colour up to the switch, percent of the active colour's. */
    validation_percent: number;
    /** Size before the switch: the active colour's real size, or percent of it. */
    switch_percent: number;
  };
  require_parity: boolean;
  /** Named checks that the plan defines; every other name is looked up in the health document. */
  checks: Record<string, CheckPlan>;
  /** Null: errors only count for the triggers. */
  circuit_break: CircuitBreakPlan | null;
  hooks: Record<HookPoint, HookPlan[]>;
  notifiers: NotifierPlan[];
  /** Null: always, up to the clean-up. */
  rollback_safe_until: RollbackSafety | null;
  /** Null: the plan leaves the phase out. */
  phases: {
    warmup: PhasePlan | null;
    health_check: PhasePlan | null;
    performance_validation: PhasePlan | null;
    /** The decision window, at 100 % (`full_switch` in the plan). */
    decision_window: PhasePlan;
  };
  smoke: SmokePlan | null;
  approval: ApprovalPlan | null;
  switch: SwitchPlan;
  observation: { duration_ms: number; rollback_triggers: Criterion[] };
  lease: { duration_ms: number; shrink_to_percent: number | null };
  /** How long the candidate is kept after a rollback before it is scaled to 0. */
  keep_failed_ms: number;
  /** How long provisioning may take until every instance is ready. */
  provision_timeout_ms: number;
}
