import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRedactor } from '../../../src/activities/redact.ts';

describe('what is hidden', () => {
  it.each([
    ['as it is', 'p"w d+/€', 'found p"w d+/€!'],
    ['in JSON', 'p"w', 'found {"a":"p\\"w"}'],
    ['in JSON within JSON', 'p"w', `found ${JSON.stringify({ a: '{"b":"p\\"w"}' })}`],
    ['in a URL', 'p"w d', 'found ?p=p%22w%20d'],
    ['in a form', 'p"w d', 'found p=p%22w+d'],
    ['in Base64', 'password', 'found cGFzc3dvcmQ='],
    ['in Base64 of a URL', '??>>', 'found Pz8-Pg'],
  ])('is not seen %s', (_title, secret, text) => {
    const { hide, redact } = createRedactor();
    hide(secret, '***');
    expect(redact(text)).toContain('***');
    expect(redact(text)).not.toContain(secret);
  });

  it('is not seen in part when one is a part of another', () => {
    const { hide, redact } = createRedactor();
    hide('open', '{env: A}');
    hide('open-sesame', '{env: B}');
    expect(redact('open-sesame, open')).toBe('{env: B}, {env: A}');
  });

  it('is never seen, whatever it is, and nothing else changes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 3 }), (secret) => {
        const { hide, redact } = createRedactor();
        hide(secret, '\u0001');
        expect(redact(`<${secret}>`)).toBe('<\u0001>');
        expect(redact('')).toBe('');
      }),
      { examples: [['$&$1'], ['(.*)+'], ['\\']] },
    );
  });

  it('may be nothing', () => {
    const { hide, redact } = createRedactor();
    expect(redact('text')).toBe('text');
    hide('', '***');
    expect(redact('text')).toBe('text');
  });
});
