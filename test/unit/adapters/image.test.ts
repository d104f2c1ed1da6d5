import { expect, it } from 'vitest';
import { imageName, imageOf, imageVersion } from '../../../src/adapters/image.ts';

const DIGEST = `sha256:${'0a'.repeat(32)}`;

it.each([
  ['checkout:2.4.1', 'checkout', '2.4.1'],
  ['checkout', 'checkout', null],
  ['registry.example.com:5000/shop/checkout', 'registry.example.com:5000/shop/checkout', null],
  ['registry.example.com:5000/shop/checkout:2.4.1', 'registry.example.com:5000/shop/checkout', '2.4.1'],
  [`registry.example.com/checkout@${DIGEST}`, 'registry.example.com/checkout', DIGEST],
  [`registry.example.com/checkout:2.4.1@${DIGEST}`, 'registry.example.com/checkout', `2.4.1@${DIGEST}`],
])('%s is %s of version %s', (image, name, version) => {
  expect(imageName(image)).toBe(name);
  expect(imageVersion(image)).toBe(version);
});

it.each([
  ['2.4.1', 'shop/checkout:2.4.1'],
  [DIGEST, `shop/checkout@${DIGEST}`],
  [`2.4.1@${DIGEST}`, `shop/checkout:2.4.1@${DIGEST}`],
])('version %s of an image is %s', (version, image) => {
  expect(imageOf('shop/checkout', version)).toBe(image);
});
