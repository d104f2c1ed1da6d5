/** What a plan's queries and addresses may name: `$service $environment $colour $other $window`. */
import type { Colour } from '../../../plan/types.ts';

export interface Variables {
  service: string;
  environment: string;
  colour: Colour;
  windowMs: number;
}

const NAME = /\$(service|environment|colour|other|window)\b/g;

/** Puts the values in, each as `written` has it; any other `$name` stays as it is. */
export function substitute(text: string, variables: Variables, written: (value: string) => string): string {
  const { service, environment, colour, windowMs } = variables;
  const values: Record<string, string> = {
    service,
    environment,
    colour,
    other: colour === 'blue' ? 'green' : 'blue',
    window: durationOf(windowMs),
  };
  return text.replace(NAME, (_, name: string) => written(values[name] ?? ''));
}

/** For the inside of a string of PromQL, in double quotes. */
export function inString(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

/** A duration of PromQL: whole seconds where they are, else milliseconds. */
export function durationOf(ms: number): string {
  return ms % 1_000 === 0 ? `${ms / 1_000}s` : `${ms}ms`;
}
