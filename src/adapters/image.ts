/** Container images: a name, and a version that is a tag or a digest. */

const DIGEST = /^[a-z0-9]+:[0-9a-f]{32,}$/;

/** `registry.example.com:5000/shop/checkout:2.4.1` without `:2.4.1`. */
export function imageName(image: string): string {
  const [beforeDigest = ''] = image.split('@');
  const slash = beforeDigest.lastIndexOf('/');
  const colon = beforeDigest.indexOf(':', slash + 1);
  return colon === -1 ? beforeDigest : beforeDigest.slice(0, colon);
}

/** The tag, the digest, or both as `TAG@DIGEST`; null: the image names neither. */
export function imageVersion(image: string): string | null {
  const version = image.slice(imageName(image).length + 1);
  return version === '' ? null : version;
}

/** A version such as `sha256:…` is a digest, any other a tag. */
export function imageOf(name: string, version: string): string {
  return DIGEST.test(version) ? `${name}@${version}` : `${name}:${version}`;
}
