/** Invalidations of Amazon CloudFront. */
import { createHash } from 'node:crypto';
import { awsService } from '../aws/service.ts';
import type { Cdn, Invalidation } from '../types.ts';

/** CloudFront is one for all regions, and is spoken to there. */
const REGION = 'us-east-1';
const DONE = /^completed$/i;

/**
 * Errors are those of `awsService`. CloudFront itself answers a second request of the same CallerReference and paths with
 * the invalidation that the first one made, so that a lost answer costs nothing.
 */
export function createCloudFront(): Cdn {
  const cloudfront = awsService('cloudfront', REGION);

  return {
    async invalidate(distribution, paths, key, signal) {
      const { Invalidation: made } = await cloudfront.write(
        'CreateInvalidation',
        arnOf(distribution),
        signal,
        ({ sdk, client }, options) =>
          client.send(
            new sdk.CreateInvalidationCommand({
              DistributionId: distribution,
              InvalidationBatch: {
                CallerReference: referenceOf(key),
                Paths: { Quantity: paths.length, Items: paths },
              },
            }),
            options,
          ),
      );
      return stateOf(made);
    },

    async invalidation(distribution, id, signal) {
      const { Invalidation: found } = await cloudfront.read(
        'GetInvalidation',
        arnOf(distribution),
        signal,
        ({ sdk, client }, options) =>
          client.send(new sdk.GetInvalidationCommand({ DistributionId: distribution, Id: id }), options),
      );
      return stateOf(found);
    },
  };
}

/** Keys name workflows, whose names have no bound. */
function referenceOf(key: string): string {
  return `cutover-${createHash('sha256').update(key).digest('hex')}`;
}

/** The account is not known here; a policy names it. */
function arnOf(distribution: string): string {
  return `arn:aws:cloudfront::*:distribution/${distribution}`;
}

function stateOf(invalidation: { Id?: string | undefined; Status?: string | undefined } | undefined): Invalidation {
  const { Id: id, Status: status } = invalidation ?? {};
  if (id === undefined || status === undefined) throw new Error('CloudFront answered without an invalidation');
  return { id, done: DONE.test(status), status };
}
