import { createLocalPlatform } from '../../../src/adapters/platforms/local.ts';
import { createLocalRouter } from '../../../src/adapters/routers/local.ts';
import type { Colour } from '../../../src/plan/types.ts';
import { parityContract } from '../../support/contracts/parity.ts';
import { platformContract } from '../../support/contracts/platform.ts';
import { countColours, routerContract } from '../../support/contracts/router.ts';
import { foreignShift, get, runShop, SERVICE, SHOP_COMMAND, startWorkbench } from './support.ts';

platformContract('local', async () => {
  const bench = await startWorkbench();
  const options = { url: bench.program.url, service: SERVICE, cwd: null, env: { WARMUP_MS: '0' } };
  return {
    platform: createLocalPlatform({ ...options, command: SHOP_COMMAND }),
    versions: ['1.0.0', '2.0.0'],
    routeAllTo: (colour) => foreignShift(bench.client, colour === 'blue' ? 100 : 0),
    close: bench.close,
  };
});

parityContract('local', async () => {
  const bench = await startWorkbench();
  const options = { url: bench.program.url, service: SERVICE, cwd: null, command: SHOP_COMMAND };
  const env = { WARMUP_MS: '0' };
  return {
    platform: createLocalPlatform({ ...options, env }),
    withVariable: (name, value) => createLocalPlatform({ ...options, env: { ...env, [name]: value } }),
    version: '1.0.0',
    close: bench.close,
  };
});

routerContract('local', { weighted: true, atomic: true }, async () => {
  const bench = await startWorkbench();
  const one = { version: '1.0.0', replicas: 1 };
  const { public_url } = await runShop(bench.client, { blue: one, green: one });
  const options = { url: bench.program.url, service: SERVICE };
  return {
    router: createLocalRouter(options),
    another: createLocalRouter(options),
    foreignWrite: ({ blue }) => foreignShift(bench.client, blue),
    async answeredBy(requests) {
      const colours: Colour[] = [];
      for (let sent = 0; sent < requests; sent += 1) colours.push(...known((await get(public_url)).colour));
      return countColours(colours);
    },
    close: bench.close,
  };
});

/** An answer of the router itself names no colour, and is missing from the count. */
function known(colour: Colour | null): Colour[] {
  return colour === null ? [] : [colour];
}
