/**
 * Every call of a deployment × everything that can go wrong with it: one deployment for each, many of them at once, on one
 * worker. Used by the tests (a part of it) and by the bench (all of it).
 */
import type { DeploymentHandle } from '../../../src/client/cutover-client.ts';
import type { DeploymentResult } from '../../../src/workflows/api.ts';
import { cutAfter, cutBefore } from '../intercepting-proxy.ts';
import { until } from '../kubernetes/stage.ts';
import type { AwsDeployments, AwsShop } from './deployments.ts';
import { type AwsCall, type AwsFault, slow, stale, throttled, unwell } from './fault-proxy.ts';

export const FAULTS = ['throttled', 'unwell', 'cut_before', 'cut_after', 'slow', 'stale'] as const;
export type FaultName = (typeof FAULTS)[number];

export interface Case {
  /** `service:action`. */
  call: string;
  /** Which of the calls of that action in a deployment, from 0. */
  occurrence: number;
  fault: FaultName;
  /** `switch`: met on the way to 100 %. `rollback`: on the way back, from when the candidate begins to fail. */
  way: 'switch' | 'rollback';
}

export interface Verdict {
  name: string;
  /** Null: it ended as it must. */
  problem: string | null;
  calls: number;
}

/** So often in a row a call is met. A 30 s hang is one whose caller has long given up. */
const TIMES: Record<FaultName, number> = { throttled: 5, unwell: 2, cut_before: 1, cut_after: 1, slow: 1, stale: 3 };
const HANG_MS = 30_000;
const READ = /:(Describe|List|Get)/;
const RESULT_MS = 170_000;
const OBSERVED = { observation: { duration: '1h', rollback_triggers: ['error_rate > 5'] } };
const ON_THE_WAY_BACK = [
  'ecs:DescribeServices',
  'ecs:ListTasks',
  'ecs:DescribeTasks',
  'ecs:UpdateService',
  'elasticloadbalancing:DescribeListeners',
  'elasticloadbalancing:DescribeTags',
  'elasticloadbalancing:AddTags',
  'elasticloadbalancing:ModifyListener',
  'elasticloadbalancing:DescribeTargetHealth',
];

/** What a deployment asks for when nothing goes wrong: call → how often. */
export async function cleanRun(deployments: AwsDeployments): Promise<Map<string, number>> {
  const shop = await deployments.shop();
  const handle = await shop.start('2.0.0');
  const result = await handle.result();
  if (result.outcome !== 'succeeded') throw new Error(`the clean run: ${JSON.stringify(result)}`);
  const counts = new Map<string, number>();
  for (const call of deployments.stage.proxy.calls.filter(shop.owns)) {
    counts.set(nameOf(call), (counts.get(nameOf(call)) ?? 0) + 1);
  }
  return counts;
}

/**
 * The first, a middle and the last call of every action, with every fault: they fall into different phases. And the first on the
 * way back of those that a rollback makes.
 */
export function everyCase(calls: ReadonlyMap<string, number>): Case[] {
  return [...calls].flatMap(([call, count]) => {
    const occurrences = [...new Set([0, Math.floor(count / 2), count - 1])];
    const faults = FAULTS.filter((fault) => fault !== 'stale' || READ.test(call));
    const switches = occurrences.flatMap((occurrence) =>
      faults.map((fault) => ({ call, occurrence, fault, way: 'switch' as const })),
    );
    if (!ON_THE_WAY_BACK.includes(call)) return switches;
    return [...switches, ...faults.map((fault) => ({ call, occurrence: 0, fault, way: 'rollback' as const }))];
  });
}

/** One of the occurrences of each call and fault, another one each time. */
export function someCases(calls: ReadonlyMap<string, number>): Case[] {
  const groups = new Map<string, Case[]>();
  for (const one of everyCase(calls)) {
    const key = `${one.call} ${one.fault} ${one.way}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()].flatMap((cases, index) => cases[index % cases.length] ?? []);
}

/** `atOnce` deployments at a time. */
export async function runCases(
  deployments: AwsDeployments,
  cases: readonly Case[],
  atOnce: number,
  progress: (line: string) => void = () => undefined,
): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  const waiting = [...cases];
  const work = async () => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
      verdicts.push(await runCase(deployments, one));
      if (verdicts.length % 20 === 0) progress(`${verdicts.length} of ${cases.length} deployments`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return verdicts;
}

async function runCase(deployments: AwsDeployments, one: Case): Promise<Verdict> {
  const name = `${one.way}: ${one.call} #${one.occurrence + 1} ${one.fault}`;
  const { proxy } = deployments.stage;
  const shop = await deployments.shop();
  const from = proxy.calls.length;
  try {
    const meeting = one.way === 'switch' ? meet(deployments, shop, one) : null;
    const handle = await shop.start('2.0.0', one.way === 'switch' ? {} : OBSERVED);
    const isMet = meeting ?? (await failInObservation(deployments, shop, one, handle));
    const result = await within(RESULT_MS, handle.result());
    const calls = proxy.calls.slice(from).filter(shop.owns);
    if (!isMet()) return { name, problem: null, calls: calls.length };
    const problem = await (one.way === 'switch' ? problemOf(shop, result, calls) : problemBack(shop, result));
    return { name, problem, calls: calls.length };
  } catch (error) {
    return { name, problem: String(error), calls: 0 };
  } finally {
    shop.ecs.close();
  }
}

/** From now on; what it returns tells whether the call has come. */
function meet(deployments: AwsDeployments, shop: AwsShop, { call, occurrence, fault }: Case): () => boolean {
  let seen = 0;
  const fits = (one: AwsCall) => {
    if (!shop.owns(one) || nameOf(one) !== call) return false;
    seen += 1;
    return seen > occurrence;
  };
  deployments.stage.proxy.intercept(fits, faultOf(deployments, fault), TIMES[fault]);
  return () => seen > occurrence;
}

async function failInObservation(
  deployments: AwsDeployments,
  shop: AwsShop,
  one: Case,
  handle: DeploymentHandle,
): Promise<() => boolean> {
  await until(handle, ({ phase }) => phase === 'observation', 'the observation', RESULT_MS);
  const isMet = meet(deployments, shop, one);
  shop.failing.green = 50;
  return isMet;
}

/** What must be true of a deployment that met a fault which passes. */
export async function problemOf(
  shop: AwsShop,
  result: Pick<DeploymentResult, 'outcome' | 'reason'>,
  calls: readonly AwsCall[],
): Promise<string | null> {
  if (result.outcome !== 'succeeded') return `${result.outcome}: ${result.reason}`;
  const { blue, green } = await shop.weights();
  if (blue !== 0 || green !== 100) return `blue ${blue} %, green ${green} %`;
  const sizes = [await shop.desired('blue'), await shop.desired('green')];
  if (sizes[0] !== 0 || sizes[1] !== 2) return `blue × ${sizes[0]}, green × ${sizes[1]}`;
  const image = await shop.image('green');
  if (!image.endsWith(':2.0.0')) return `green runs ${image}`;
  return cleanedTooEarly(shop, calls);
}

async function problemBack(
  shop: AwsShop,
  { outcome, reason }: Pick<DeploymentResult, 'outcome' | 'reason'>,
): Promise<string | null> {
  if (outcome !== 'rolled_back') return `${outcome}: ${reason}`;
  const { blue, green } = await shop.weights();
  if (blue !== 100 || green !== 0) return `blue ${blue} %, green ${green} %`;
  const sizes = [await shop.desired('blue'), await shop.desired('green')];
  return sizes[0] === 2 && sizes[1] === 0 ? null : `blue × ${sizes[0]}, green × ${sizes[1]}`;
}

/** The old colour is freed after the last write of the weights, and a look at the targets after that. */
function cleanedTooEarly(shop: AwsShop, calls: readonly AwsCall[]): string | null {
  const last = (fits: (call: AwsCall) => boolean) => calls.findLastIndex(fits);
  const switched = last(({ action }) => action === 'ModifyListener');
  const freed = calls.findIndex(
    ({ action, body }) =>
      action === 'UpdateService' && body.includes(shop.ecs.names.blue) && body.includes('"desiredCount":0'),
  );
  if (freed < switched) return 'the old colour was freed before the last write of the weights';
  const isProven = calls.slice(switched, freed).some(({ action }) => action === 'DescribeTargetHealth');
  return isProven ? null : 'the old colour was freed before its traffic was proven to have moved';
}

function faultOf({ stage }: AwsDeployments, fault: FaultName): AwsFault {
  switch (fault) {
    case 'throttled':
      return throttled;
    case 'unwell':
      return unwell;
    case 'cut_before':
      return cutBefore;
    case 'cut_after':
      return cutAfter;
    case 'slow':
      return slow(HANG_MS);
    case 'stale':
      return stale(stage.proxy.remembered);
  }
}

export function nameOf({ service, action }: AwsCall): string {
  return `${service}:${action}`;
}

async function within<T>(limitMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no result within ${limitMs / 1_000} s`)), limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
