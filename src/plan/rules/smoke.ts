/** Flows whose steps do not fit together: values that nobody captured, bodies where none can be. */
import { formatDuration } from '../duration.ts';
import type { Finding } from '../finding.ts';
import { referencesIn, valuesIn } from '../smoke-values.ts';
import type { Plan, SmokeFlow, SmokePlan, SmokeStep } from '../types.ts';
import { parseValuePath } from '../value-path.ts';
import { requestProblems } from './requests.ts';

type Path = (string | number)[];

export function checkSmoke({ smoke }: Plan): Finding[] {
  if (smoke === null) return [];
  return [...checkDatabase(smoke), ...namedTwice(smoke.flows), ...smoke.flows.flatMap(checkFlow)];
}

function checkDatabase({ database, timeout_ms: timeoutMs }: SmokePlan): Finding[] {
  if (database?.max_response_ms == null || database.max_response_ms <= timeoutMs) return [];
  const message = `\`smoke.database.max_response_ms\` is ${database.max_response_ms}, over the timeout of ${formatDuration(timeoutMs)}.`;
  return [
    finding(['database', 'max_response_ms'], message, `Write ${timeoutMs} or less, or a longer \`smoke.timeout\`.`),
  ];
}

function namedTwice(flows: SmokeFlow[]): Finding[] {
  const names = flows.map(({ name }) => name);
  return names.flatMap((name, index) =>
    names.indexOf(name) === index
      ? []
      : [finding(['flows', index, 'name'], `Two flows are named \`${name}\`.`, 'Name each flow once.')],
  );
}

function checkFlow({ steps }: SmokeFlow, index: number): Finding[] {
  const known = new Set<string>();
  return steps.flatMap((step, at) => {
    const found = checkStep(step, ['flows', index, 'steps', at], known);
    for (const name of Object.keys(step.capture)) known.add(name);
    return found;
  });
}

function checkStep(step: SmokeStep, at: Path, known: ReadonlySet<string>): Finding[] {
  const { method, path, headers, json, capture } = step;
  const texts = [
    { path: [...at, method.toLowerCase()], text: path },
    ...[...valuesIn(headers, [...at, 'headers']), ...valuesIn(json, [...at, 'json'])].flatMap((value) =>
      value.kind === 'text' ? [value] : [],
    ),
  ];
  return [
    ...texts.flatMap((value) => unknownReferences(value.text, value.path, known)),
    ...requestProblems(step, at).map((problem) => finding(problem.path, problem.message, problem.hint)),
    ...badCaptures(capture, [...at, 'capture']),
    ...captureOfNothing(step, at),
  ];
}

function unknownReferences(text: string, path: Path, known: ReadonlySet<string>): Finding[] {
  const unknown = referencesIn(text).find((name) => !known.has(name));
  if (unknown === undefined) return [];
  const names = [...known].map((name) => `{{${name}}}`);
  const hint =
    names.length === 0
      ? 'Capture it in an earlier step: `capture: {name: $.field}`.'
      : `Earlier steps capture ${names.join(', ')}.`;
  return [finding(path, `No earlier step captures \`{{${unknown}}}\`.`, hint)];
}

function badCaptures(capture: SmokeStep['capture'], path: Path): Finding[] {
  const bad = Object.entries(capture).find(([, text]) => parseValuePath(text) === null);
  if (bad === undefined) return [];
  const message = `\`${bad[1]}\` is no JSONPath of one value.`;
  return [finding([...path, bad[0]], message, 'Write names and indices, such as $.token or $.items[0].id.')];
}

function captureOfNothing({ method, capture }: SmokeStep, at: Path): Finding[] {
  if (method !== 'HEAD' || Object.keys(capture).length === 0) return [];
  return [finding([...at, 'capture'], 'A HEAD is answered without a body to capture from.', 'Use get.')];
}

function finding(path: Finding['path'], message: string, hint: string): Finding {
  return { code: 'CUTOVER_PLAN_SMOKE', path: ['smoke', ...path], message, hint };
}
