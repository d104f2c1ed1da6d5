/** Users of a kubeconfig whose token stands in a file of its own, which somebody else renews. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { KubeConfig, User } from '@kubernetes/client-node';
import { parse } from 'yaml';

type Constructor = typeof KubeConfig;

interface Written {
  users?: { name?: string; user?: { tokenFile?: string } | null }[];
}

/**
 * client-node passes over the key `tokenFile`, and knows such files only by an older one, under which it reads them again
 * every minute. Of the files that KUBECONFIG names this holds for the first.
 */
export function withTokenFiles(base: Constructor): Constructor {
  return class extends base {
    override loadFromFile(...args: Parameters<KubeConfig['loadFromFile']>): void {
      super.loadFromFile(...args);
      const [file] = args;
      const { users = [] } = parse(readFileSync(file, 'utf8')) as Written;
      const paths = new Map(users.map(({ name, user }) => [name, user?.tokenFile]));
      this.users = this.users.map((user) => withTokenFile(user, paths.get(user.name), dirname(file)));
    }
  };
}

/** The file goes before a token, as with kubectl. */
function withTokenFile(user: User, path: string | undefined, folder: string): User {
  if (path === undefined || path === '') return user;
  const { token: _, ...rest } = user;
  return { ...rest, authProvider: { name: 'tokenFile', config: { tokenFile: resolve(folder, path) } } };
}
