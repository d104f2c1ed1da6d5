/** What `cutover dev` tells when everything runs. */
import { DEFAULT_ADDRESS } from '../config.ts';
import type { Colors } from '../render/canvas.ts';
import type { Pids } from './leftovers.ts';

export interface DevAddresses {
  temporal: string;
  web_ui: string;
  local: string;
  service: { name: string; url: string; version: string };
  requests_per_second: number;
  /** Logs and databases. */
  state: string;
  pids: Pids;
}

export function describeDev(dev: DevAddresses, colors: Colors): string {
  const { service } = dev;
  const load = dev.requests_per_second === 0 ? '' : `, ${dev.requests_per_second} requests/s`;
  return [
    '',
    `  Web UI     ${colors.bold(dev.web_ui)}`,
    `  Temporal   ${dev.temporal}`,
    `  ${service.name.padEnd(10)} ${service.url}  (version ${service.version}${load})`,
    `  platform   ${dev.local}`,
    `  state      ${dev.state}`,
    '',
    'In another terminal:',
    ...exports(dev).map((line) => `  ${colors.bold(line)}`),
    `  ${colors.bold('cutover start examples/local.yaml --set version=1.1.0 --watch')}`,
    `  ${colors.bold(`cutover rollback ${service.name}`)}`,
    '',
    `Version 3.0.0 is too slow, 4.0.0 begins to fail; kill -9 ${dev.pids.worker ?? ''} takes the worker away. Ctrl-C ends everything.`,
  ].join('\n');
}

/** Nothing to set when everything is where a client looks first. */
function exports(dev: DevAddresses): string[] {
  if (dev.temporal === DEFAULT_ADDRESS && dev.web_ui === 'http://127.0.0.1:8233') return [];
  return [`export TEMPORAL_ADDRESS=${dev.temporal} CUTOVER_UI_URL=${dev.web_ui}`];
}
