/** Keeps secrets out of everything that is written down. */

export interface Redactor {
  /** From now on `value` is shown as `label`, in each way that it may be written. */
  hide(value: string, label: string): void;
  /** To be asked before a text is cut: half a secret would not be found. */
  redact(text: string): string;
}

export function createRedactor(): Redactor {
  const hidden = new Map<string, string>();
  return {
    hide(value, label) {
      for (const form of formsOf(value)) hidden.set(form, label);
    },
    redact(text) {
      if (hidden.size === 0) return text;
      // The longest first: one secret may be a part of another.
      const forms = [...hidden.keys()].sort((one, other) => other.length - one.length).map(literally);
      return text.replace(new RegExp(forms.join('|'), 'g'), (form) => hidden.get(form) ?? '***');
    },
  };
}

/** Hidden first, then cut: half a secret would not be found. */
export function shorten(text: string, redactor: Redactor, maxCharacters = 200): string {
  const safe = redactor.redact(text);
  return safe.length > maxCharacters ? `${safe.slice(0, maxCharacters)}…` : safe;
}

/** As it is, as JSON (once more for JSON in JSON), in a URL or form, in Base64. */
function formsOf(value: string): Set<string> {
  const inJson = JSON.stringify(value).slice(1, -1);
  const base64 = Buffer.from(value).toString('base64');
  const forms = [
    value,
    inJson,
    JSON.stringify(inJson).slice(1, -1),
    encodeURIComponent(Buffer.from(value).toString()),
    new URLSearchParams({ '': value }).toString().slice(1),
    base64,
    base64.replace(/=+$/, ''),
    Buffer.from(value).toString('base64url'),
  ];
  return new Set(forms.filter((form) => form !== ''));
}

function literally(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
