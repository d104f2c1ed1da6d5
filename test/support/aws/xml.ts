/** XML as AWS sends and takes it: elements with text or with elements, no attributes that matter. */
export interface XmlElement {
  name: string;
  text: string;
  children: XmlElement[];
}

const ENTITIES: Record<string, string> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

export function parseXml(source: string): XmlElement {
  const root: XmlElement = { name: '', text: '', children: [] };
  const open = [root];
  for (const [, ended, name = '', closed, text = ''] of source.matchAll(/<(\/?)([\w:]+)[^>]*?(\/?)>([^<]*)/g)) {
    if (ended === '/') {
      open.pop();
      continue;
    }
    const element = { name, text: unescaped(text), children: [] };
    open.at(-1)?.children.push(element);
    if (closed !== '/') open.push(element);
  }
  const [document] = root.children;
  if (document === undefined) throw new Error(`no XML: ${source.slice(0, 200)}`);
  return document;
}

function unescaped(text: string): string {
  return text.replaceAll(/&(#x?[\da-f]+|\w+);/gi, (whole, entity: string) => {
    if (entity.startsWith('#x')) return String.fromCodePoint(Number.parseInt(entity.slice(2), 16));
    if (entity.startsWith('#')) return String.fromCodePoint(Number(entity.slice(1)));
    return ENTITIES[entity] ?? whole;
  });
}

export function escaped(text: string): string {
  return text.replaceAll(/[<>&"]/g, (one) => `&#${one.codePointAt(0)};`);
}

export function childOf(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((child) => child.name === name);
}

/** Undefined: there is no such element. */
export function textIn(element: XmlElement | undefined, name: string): string | undefined {
  return childOf(element, name)?.text;
}
