import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPageReader, type Page, parsePage } from '../../../src/adapters/metrics/scrape/page.ts';

const PAGE = `# HELP a_total A.
# TYPE a_total counter
a_total{code="200"} 5
a_total{code="500"} 1

# TYPE b gauge
b 2.5
# TYPE empty counter
`;

function samples({ layout, values }: Page): [string, Record<string, string>, number][] {
  return layout.series.map(({ name, labels }, index) => [name, { ...labels }, values[index] ?? Number.NaN]);
}

describe('a page that is read again', () => {
  it('keeps its layout while only values change, and shows the new ones', () => {
    const read = createPageReader();
    const first = read(PAGE);
    const second = read(PAGE.replace(' 5\n', ' 6000\n').replace('2.5', '+Inf'));
    expect(second.layout).toBe(first.layout);
    expect(samples(second)).toEqual([
      ['a_total', { code: '200' }, 6_000],
      ['a_total', { code: '500' }, 1],
      ['b', {}, Number.POSITIVE_INFINITY],
    ]);
    expect([...first.values]).toEqual([5, 1, 2.5]);
    expect([...second.layout.names]).toEqual(['a_total', 'b', 'empty']);
  });

  it.each([
    ['a line more in the middle', PAGE.replace('a_total{code="500"}', 'a_total{code="404"} 7\na_total{code="500"}')],
    ['a line more at the end', `${PAGE}c 1\n`],
    ['a line less', PAGE.replace('b 2.5\n', '')],
    ['the last line without its end', PAGE.replace('# TYPE empty counter\n', 'b{x="1"} 9')],
    ['another family', PAGE.replaceAll('a_total', 'z_total')],
    ['a timestamp', PAGE.replace('b 2.5', 'b 2.5 1700000000000')],
    ['indented lines', PAGE.replace('b 2.5', '  b 3')],
    ['lines that end like those of Windows', PAGE.replaceAll('\n', '\r\n')],
    ['a value that is none', PAGE.replace('2.5', 'NaN')],
    ['nothing', ''],
  ])('is understood anew when it has %s', (_, changed) => {
    const read = createPageReader();
    read(PAGE);
    expect(samples(read(changed))).toEqual(samples(parsePage(changed)));
    expect(samples(read(PAGE))).toEqual(samples(parsePage(PAGE)));
  });

  it('is refused when it is another kind of document, and read again afterwards', () => {
    const read = createPageReader();
    read(PAGE);
    expect(() => read('<html>not found</html>\n')).toThrow('the page is not in the Prometheus text format');
    expect(samples(read(PAGE))).toEqual(samples(parsePage(PAGE)));
  });

  it('shows what a reader that knows nothing shows, whatever comes after whatever', () => {
    const line = fc.tuple(
      fc.constantFrom('a', 'b{x="1"}', 'b{x="a b"}', 'c{le="+Inf"}', '# TYPE d counter', '', ' a'),
      fc.constantFrom('0', '1', '12.5', '1e3', 'NaN', '-Inf', '7 1700000000000'),
    );
    const page = fc.array(line, { maxLength: 6 });
    const text = (lines: [string, string][]) =>
      lines
        .map(([series, value]) => (series === '' || series.startsWith('#') ? series : `${series} ${value}`))
        .join('\n');
    fc.assert(
      fc.property(fc.array(page, { minLength: 2, maxLength: 4 }), fc.constantFrom('', '\n'), (pages, end) => {
        const read = createPageReader();
        for (const lines of pages) {
          const shown = text(lines) + end;
          expect(samples(read(shown))).toEqual(samples(parsePage(shown)));
        }
      }),
    );
  });
});
