declare module 'parse-prometheus-text-format' {
  /** Without TYPE lines every family is UNTYPED, and every sample of it has a `value`. */
  interface Family {
    name: string;
    type: string;
    metrics: { value?: string; labels?: Record<string, string> }[];
  }
  function parsePrometheusTextFormat(text: string): Family[];
  export = parsePrometheusTextFormat;
}
