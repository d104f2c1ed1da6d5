/**
 * Every error that a person or a script may meet: a stable code, a hint, and whose fault it is.
 * The same code is the `type` of an ApplicationFailure. Pure: reachable from workflow code.
 */
export interface ErrorEntry {
  fault: 'user' | 'system';
  /** What would be right, or what to do next. */
  hint: string;
}

export const ERRORS = {
  CUTOVER_INTERNAL: { fault: 'system', hint: 'This is a defect of Cutover. Run again with --debug and report it.' },
  CUTOVER_USAGE: { fault: 'user', hint: 'See --help.' },
  CUTOVER_PLAN_INVALID: { fault: 'user', hint: 'Run `cutover validate PLAN` and correct what it names.' },
  CUTOVER_PLAN_SYNTAX: { fault: 'user', hint: 'Write plain YAML 1.2: maps, lists, and scalars.' },
  CUTOVER_PLAN_SET: { fault: 'user', hint: 'Write `--set KEY=VALUE`, for example `--set switch.deadline=20s`.' },
  CUTOVER_PLAN_TOO_LARGE: { fault: 'user', hint: 'A plan is a page of text: split it, or remove what repeats.' },
  CUTOVER_PLAN_DUPLICATE_KEY: { fault: 'user', hint: 'Keep one of the two.' },
  CUTOVER_PLAN_FORBIDDEN_TEXT: { fault: 'user', hint: 'Remove it; it is never part of a plan.' },
  CUTOVER_PLAN_UNKNOWN_KEY: { fault: 'user', hint: 'See docs/plan-reference.md for the keys of a plan.' },
  CUTOVER_PLAN_MISSING_KEY: { fault: 'user', hint: 'Add the key to a file, or with `--set KEY=VALUE`.' },
  CUTOVER_PLAN_VALUE: { fault: 'user', hint: 'See docs/plan-reference.md for what the key takes.' },
  CUTOVER_PLAN_DURATION: { fault: 'user', hint: 'Write a duration such as 250ms, 30s, 5m, 4h or 1h30m.' },
  CUTOVER_PLAN_CRITERION: { fault: 'user', hint: 'Write METRIC < NUMBER, METRIC < baseline + NUMBER, or a check.' },
  CUTOVER_PLAN_UNKNOWN_METRIC: { fault: 'user', hint: "Define it among the metrics provider's queries." },
  CUTOVER_PLAN_SHARES: { fault: 'user', hint: "The candidate's share only rises, and ends at 100." },
  CUTOVER_PLAN_ROUTER: { fault: 'user', hint: 'Use a router that can do it, or change the plan.' },
  CUTOVER_PLAN_SMOKE: { fault: 'user', hint: 'See docs/plan.md for what a step of a flow takes.' },
  CUTOVER_PLAN_CALL: { fault: 'user', hint: 'See docs/plan.md for what checks and hooks take.' },
  CUTOVER_PLAN_APPROVAL: { fault: 'user', hint: 'Name as many approvers as have to approve.' },
  CUTOVER_PLAN_DOUBTFUL: { fault: 'user', hint: 'The plan is valid; make sure that it says what you mean.' },
  CUTOVER_ADAPTER_NOT_BUILT: { fault: 'user', hint: 'Use an adapter that this version has.' },
  CUTOVER_TEMPORAL_UNREACHABLE: {
    fault: 'system',
    hint: 'Check TEMPORAL_ADDRESS, or start everything on this machine with `cutover dev`.',
  },
  CUTOVER_TEMPORAL_CLI_MISSING: {
    fault: 'system',
    hint: 'Install the Temporal CLI 1.6 or later on PATH, or name it in CUTOVER_TEMPORAL_CLI.',
  },
  CUTOVER_TEMPORAL_START_FAILED: { fault: 'system', hint: 'Read the log file that the message names.' },
  CUTOVER_ALREADY_RUNNING: { fault: 'user', hint: 'See it with `cutover status`; roll back, release, or wait for it.' },
  CUTOVER_NOT_FOUND: { fault: 'user', hint: 'See what there is with `cutover list`.' },
  CUTOVER_NOTHING_TO_ROLL_BACK: {
    fault: 'user',
    hint: 'No deployment has claimed this router: check that the plan names the right service and router.',
  },
  CUTOVER_ROUTER_SPLIT: { fault: 'user', hint: 'Put all traffic on one colour before a deployment starts.' },
  CUTOVER_CAPACITY_SHORT: { fault: 'system', hint: 'The colour has too few ready instances for the share.' },
  CUTOVER_COLOUR_HAS_TRAFFIC: { fault: 'system', hint: 'A colour with traffic is never changed, shrunk or removed.' },
  CUTOVER_FENCE_SUPERSEDED: { fault: 'system', hint: 'A newer write owns the router; this one stopped.' },
  CUTOVER_DRIFT: { fault: 'user', hint: 'Somebody else wrote to the router; find out who before starting again.' },
  CUTOVER_PLATFORM_UNREACHABLE: { fault: 'system', hint: 'Check that the platform answers, and the plan names it.' },
  CUTOVER_SERVICE_UNKNOWN: {
    fault: 'user',
    hint: 'Create the service on the local platform first, or give the plan a `platform.local.command`.',
  },
  CUTOVER_PORT_TAKEN: { fault: 'user', hint: 'Choose another port, or 0 for one that is free.' },
  CUTOVER_STATE_LOCKED: { fault: 'user', hint: 'Stop the program that uses the state directory, or choose another.' },
  CUTOVER_STATE_UNREADABLE: {
    fault: 'system',
    hint: 'Restore the file, or remove its folder to start that service anew.',
  },
  CUTOVER_LOCAL_NOT_STARTED: { fault: 'system', hint: 'See the log file of the local program.' },
  CUTOVER_ROUTER_UNREACHABLE: { fault: 'system', hint: 'Check that the router answers, and the plan names it.' },
  CUTOVER_ROUTER_OBJECT: {
    fault: 'user',
    hint: 'Make the object what the plan says it is; docs/kubernetes.md and docs/aws.md show each.',
  },
  CUTOVER_KUBERNETES_CONFIG: {
    fault: 'user',
    hint: 'Name a context of the kubeconfig, or mend what KUBECONFIG names.',
  },
  CUTOVER_KUBERNETES_UNAUTHORIZED: {
    fault: 'system',
    hint: "Renew the credentials that the worker's kubeconfig names.",
  },
  CUTOVER_KUBERNETES_FORBIDDEN: { fault: 'user', hint: "Add the rule to the Role of the worker's account." },
  CUTOVER_KUBERNETES_NOT_FOUND: {
    fault: 'user',
    hint: 'Create it, or correct its name, namespace or context in the plan.',
  },
  CUTOVER_KUBERNETES_CONFLICT: {
    fault: 'system',
    hint: 'Somebody else wrote at the same time; it is read again and retried.',
  },
  CUTOVER_KUBERNETES_REFUSED: {
    fault: 'user',
    hint: 'See what the API server or its admission says; correct the object.',
  },
  CUTOVER_KUBERNETES_THROTTLED: { fault: 'system', hint: 'The API server is busy; it is retried.' },
  CUTOVER_KUBERNETES_BOUND: {
    fault: 'system',
    hint: 'It is retried, and goes before what began later; platform.kubernetes.requests_per_second sets another bound.',
  },
  CUTOVER_KUBERNETES_UNWELL: {
    fault: 'system',
    hint: 'The API server answered with an error of its own; it is retried.',
  },
  CUTOVER_AWS_CONFIG: {
    fault: 'user',
    hint: 'Give the plan a `region`, or set AWS_REGION where the worker is started.',
  },
  CUTOVER_AWS_CREDENTIALS: {
    fault: 'system',
    hint: "Renew the worker's AWS credentials; they are looked for again at every attempt.",
  },
  CUTOVER_AWS_FORBIDDEN: { fault: 'user', hint: "Add the statement to the policy of the worker's role." },
  CUTOVER_AWS_NOT_FOUND: { fault: 'user', hint: 'Create it, or correct its name, ARN or region in the plan.' },
  CUTOVER_AWS_CONFLICT: { fault: 'system', hint: 'Something else is changing it at this moment; it is retried.' },
  CUTOVER_AWS_REFUSED: { fault: 'user', hint: 'See what the service says; correct the plan or the resource.' },
  CUTOVER_AWS_THROTTLED: { fault: 'system', hint: 'The account asks this API too often; it is retried.' },
  CUTOVER_AWS_UNREACHABLE: { fault: 'system', hint: 'Check the network and the region; it is retried.' },
  CUTOVER_AWS_UNWELL: { fault: 'system', hint: 'The service answered with an error of its own; it is retried.' },
  CUTOVER_SCENARIO_INVALID: { fault: 'user', hint: 'See docs/simulate.md for what a file of metrics takes.' },
  CUTOVER_METRICS_QUERY: {
    fault: 'user',
    hint: 'See docs/metrics.md for what scrape reads (gauge, rate, ratio, percent, per_request), docs/prometheus.md and docs/cloudwatch.md else.',
  },
  CUTOVER_PARITY: { fault: 'user', hint: 'Make the colours alike, or leave out `require_parity`.' },
  CUTOVER_HOOK_FAILED: { fault: 'user', hint: 'See what the hook answered; `on_failure` says what its failing means.' },
  CUTOVER_SCRIPT_REFUSED: {
    fault: 'user',
    hint: 'Start the worker with --scripts DIRECTORY, and name a program in it.',
  },
  CUTOVER_NOTIFY_FAILED: { fault: 'system', hint: 'See what the receiver answered; the event is in the history, too.' },
  CUTOVER_NOTIFY_SECRET: {
    fault: 'user',
    hint: 'Set it where the worker is started, and name it in CUTOVER_SMOKE_ENV unless it begins with SMOKE_.',
  },
  CUTOVER_MESSAGE_REFUSED: { fault: 'user', hint: 'See what the deployment is waiting for with `cutover status`.' },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

/** An error with a stable code. `details` is plain JSON for scripts. */
export class CutoverError extends Error {
  readonly code: ErrorCode;
  readonly details: Record<string, unknown>;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; details?: Record<string, unknown> } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'CutoverError';
    this.code = code;
    this.details = options.details ?? {};
  }

  get hint(): string {
    return ERRORS[this.code].hint;
  }

  get fault(): ErrorEntry['fault'] {
    return ERRORS[this.code].fault;
  }
}
