/** Where `cutover init SOURCE` reads what stands there. */
import { CutoverError } from '../../errors.ts';
import type { Live } from './answers.ts';
import type { InitFlags } from './questions.ts';

/** Each with the options that are its own. */
const OPTIONS = {
  kubernetes: ['namespace', 'context', 'label', 'container'],
  aws: ['listener', 'rule', 'zone', 'record', 'region', 'cluster', 'blue', 'green'],
} as const;
export type Source = keyof typeof OPTIONS;
export const SOURCES = ['kubernetes', 'aws'] as const satisfies readonly Source[];

export interface LiveOptions {
  namespace?: string;
  context?: string;
  label?: string;
  container?: string;
  listener?: string;
  rule?: string;
  zone?: string;
  record?: string;
  region?: string;
  cluster?: string;
  blue?: string;
  green?: string;
}

type Given = { [K in keyof LiveOptions]-?: string | undefined };

/** Null: `source` is, and nothing is looked at. CUTOVER_USAGE for options of another source, and missing ones. */
export async function lookAt(source: Source | null, flags: InitFlags, given: Given): Promise<Live | null> {
  for (const other of SOURCES) if (other !== source) refuseOptionsOf(other, given);
  if (source === null) return null;
  const { service, platform } = flags;
  if (service === undefined) {
    const what = source === 'aws' ? 'what is deployed' : 'the Service that gets the traffic';
    throw new CutoverError('CUTOVER_USAGE', `--service is missing: write --service NAME, ${what}.`);
  }
  if (platform !== undefined && platform !== source) {
    throw new CutoverError('CUTOVER_USAGE', `--platform ${platform} does not go with \`cutover init ${source}\`.`);
  }
  return source === 'aws' ? lookAtAws(given) : lookAtKubernetes(service, given);
}

async function lookAtKubernetes(service: string, { namespace, context, label, container }: Given): Promise<Live> {
  const { readLiveService } = await import('../../direct/kubernetes/live-service.ts');
  return readLiveService({
    service,
    namespace: namespace ?? 'default',
    context: context ?? null,
    label: label ?? null,
    container: container ?? null,
  });
}

async function lookAtAws(given: Given): Promise<Live> {
  const { listener, rule, zone, record, blue = null, green = null } = given;
  const common = { region: given.region ?? null, cluster: given.cluster ?? null, colours: { blue, green } };
  const places = [listener, rule, zone ?? record].filter((place) => place !== undefined);
  if (places.length !== 1 || (zone === undefined) !== (record === undefined)) {
    const wanted = 'one of --listener ARN, --rule ARN, or --zone ID with --record NAME';
    throw new CutoverError('CUTOVER_USAGE', `\`cutover init aws\` reads what moves the traffic: write ${wanted}.`);
  }
  if ((blue === null) !== (green === null)) {
    throw new CutoverError('CUTOVER_USAGE', '--blue and --green go together: write both, or neither.');
  }
  if (zone !== undefined && record !== undefined) {
    const { readLiveRecords } = await import('../../direct/aws/live-records.ts');
    return readLiveRecords({ ...common, zone, record });
  }
  const { readLiveListener } = await import('../../direct/aws/live-listener.ts');
  return rule === undefined
    ? readLiveListener({ ...common, place: 'listener', arn: listener ?? '' })
    : readLiveListener({ ...common, place: 'rule', arn: rule });
}

function refuseOptionsOf(source: Source, given: Given): void {
  const found = OPTIONS[source].find((option) => given[option] !== undefined);
  if (found === undefined) return;
  const what = source === 'aws' ? 'a live listener, rule or record' : 'a live Service';
  throw new CutoverError('CUTOVER_USAGE', `--${found} is for \`cutover init ${source}\`, which reads ${what}.`);
}
