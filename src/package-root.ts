import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that holds Cutover's package.json, whether this runs from the sources or from `dist/`. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error('package.json of cutover is missing above its own program');
    folder = parent;
  }
  return folder;
}

/** Absolute path of a file that the build makes, e.g. `src/local/main.js` or `workflow-bundle.js`. */
export function builtPath(relative: string): string {
  return join(packageRoot(), 'dist', relative);
}
