import { parseArgs } from 'node:util';
import type { Figure } from './figure.ts';

export interface Settings {
  figures: readonly Figure[];
  /** Where the report goes; null: nowhere. */
  json: string | null;
  list: boolean;
}

/** A text: what is wrong with the arguments. */
export function readSettings(args: string[], all: readonly Figure[]): Settings | string {
  try {
    const options = { only: { type: 'string' }, json: { type: 'string' }, list: { type: 'boolean' } } as const;
    const { values } = parseArgs({ args, options });
    const names = values.only?.split(',').map((name) => name.trim());
    const unknown = names?.find((name) => all.every((figure) => figure.name !== name));
    if (unknown !== undefined)
      return `no figure is named ${unknown}; there are ${all.map(({ name }) => name).join(', ')}`;
    const figures = all.filter(({ name }) => names?.includes(name) ?? true);
    return { figures, json: values.json ?? null, list: values.list ?? false };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
