/** What stands behind a listener, a rule or weighted records of AWS, as a plan would name it. */
import { CutoverError } from '../../errors.ts';
import type { Colour, Weights } from '../../plan/types.ts';

export interface LiveAws {
  source: 'aws';
  /** Of whoever looked; null: the plan names none, and the SDK's default chain says it. */
  region: string | null;
  active: Colour;
  /** Percent, as they were read. */
  shares: Weights;
  router: LiveListener | LiveRecords;
  platform: LiveEcs | LiveAsg;
  /** Of the active colour; null: its image has neither tag nor digest. */
  version: string | null;
  /** Dimensions of the load balancers' metrics. */
  dimensions: Record<Colour, MetricDimensions>;
}

export interface LiveListener {
  kind: 'alb' | 'nlb';
  place: 'listener' | 'rule';
  arn: string;
  groups: Record<Colour, string>;
  /** How long a client is kept on the target group that it met first; 0: it is not. */
  stickySeconds: number;
}

export interface LiveRecords {
  kind: 'route53';
  zone: string;
  record: string;
  type: 'A' | 'AAAA' | 'CNAME';
  identifiers: Record<Colour, string>;
  /** The longest of the two; null: aliases, which have that of their targets. */
  ttlSeconds: number | null;
}

export interface LiveEcs {
  kind: 'ecs';
  cluster: string;
  services: Record<Colour, string>;
  /** Null: the task definitions have one container only. */
  container: string | null;
  /** Of the active colour, without its version. */
  image: string;
  /** Tasks that are asked for. */
  sizes: Weights;
}

export interface LiveAsg {
  kind: 'asg';
  groups: Record<Colour, string>;
  /** Name of the AMIs with `$version` in it; null: versions are AMI IDs. */
  image: string | null;
  sizes: Weights;
}

export interface MetricDimensions {
  LoadBalancer: string;
  TargetGroup: string;
}

/** What somebody calls each colour; null: names that contain `blue` and `green` are looked for. */
export type ColourNames = Record<Colour, string | null>;

/**
 * Which of the names is which colour. CUTOVER_USAGE when that cannot be told; `what` says what they are: `target group`,
 * `whole` what they belong to.
 */
export function coloursOf(
  names: readonly string[],
  wanted: ColourNames,
  what: string,
  whole: string,
): Record<Colour, string> {
  const found = (colour: Colour) => {
    const other = colour === 'blue' ? 'green' : 'blue';
    const asked = wanted[colour];
    const rest = names.filter((name) => name !== wanted[other]);
    const fits = rest.filter((name) => (asked === null ? name.toLowerCase().includes(colour) : name === asked));
    const [only] = fits;
    if (only !== undefined && fits.length === 1) return only;
    const there = names.join(', ') || 'none';
    const told =
      asked === null
        ? `${whole} has the ${what}s ${there}: which is ${colour} cannot be told; name both with --blue and --green.`
        : `${whole} has the ${what}s ${there}, and no ${asked}.`;
    throw new CutoverError('CUTOVER_USAGE', told);
  };
  const colours = { blue: found('blue'), green: found('green') };
  if (colours.blue !== colours.green) return colours;
  throw new CutoverError('CUTOVER_USAGE', `${colours.blue} cannot be both colours: name them with --blue and --green.`);
}

/** Shares in percent, and who has the most of them. CUTOVER_ROUTER_OBJECT when neither has more. */
export function activeOf(weights: Weights, whole: string): { active: Colour; shares: Weights } {
  const total = weights.blue + weights.green;
  const blue = total === 0 ? 50 : Math.round((10_000 * weights.blue) / total) / 100;
  const shares = { blue, green: Math.round((100 - blue) * 100) / 100 };
  if (shares.blue === shares.green) {
    const told = `${whole} gives both colours the weight ${weights.blue}: which is active cannot be told`;
    throw new CutoverError('CUTOVER_ROUTER_OBJECT', `${told}; give one of them all traffic first`);
  }
  return { active: shares.blue > shares.green ? 'blue' : 'green', shares };
}

/** Both at once. */
export async function perColour<T>(read: (colour: Colour) => Promise<T>): Promise<Record<Colour, T>> {
  const [blue, green] = [read('blue'), read('green')];
  // Where both fail, blue is told of, whichever was the first.
  green.catch(() => undefined);
  return { blue: await blue, green: await green };
}
