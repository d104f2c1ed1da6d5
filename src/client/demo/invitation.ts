/** What a person at a terminal may look at, and do, when the demo is over. */
import type { Colors } from '../render/canvas.ts';
import type { Stage } from './stage.ts';

export function describeStay({ client, temporal, service }: Stage, colors: Colors): string {
  const workflows = `${temporal.uiUrl}/namespaces/default/workflows`;
  return [
    '',
    `  ${colors.bold(workflows)}`,
    '  Each deployment is a workflow there: its details tell phases, criteria and why it went back; its timeline',
    '  shows every write and wait by name. In 2.0.0 the watcher of the observation has a second attempt: the kill.',
    '',
    `  ${service.service} still gets its requests (${service.public_url}). Deploy once more, in another terminal:`,
    `    ${colors.bold(`export TEMPORAL_ADDRESS=${client.address} CUTOVER_UI_URL=${temporal.uiUrl}`)}`,
    `    ${colors.bold('npx cutover start examples/demo.yaml --set version=6.0.0 --watch')}`,
    '',
    '  Ctrl-C ends everything.',
  ].join('\n');
}
