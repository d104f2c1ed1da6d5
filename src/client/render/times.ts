/** Instants as their reader's clock shows them. JSON keeps ISO 8601 in UTC; what people read goes through here. */

/** An ISO instant within a text, as the workflow and the server write them. */
const INSTANT = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;

export interface Times {
  /** `14:03:05`. */
  clock(at: string): string;
  /** `2026-03-01`. */
  date(at: string): string;
  /** `2026-03-01 14:03:05 GMT+1`. */
  full(at: string): string;
  /** `14:03:05 GMT+1` on the day of `nowMs`, else with the date in front. */
  near(at: string, nowMs: number): string;
  /** `GMT+1`, `UTC`, `PST`: of that instant, since it changes with the seasons. */
  zone(at: string): string;
  /** The text with each ISO instant in it as `full` gives it. */
  inText(text: string): string;
}

/** `zone` is an IANA name. Default: where the reader is, as TZ or the machine has it. An unreadable time is left as it is. */
export function timesIn(zone?: string): Times {
  // Made when the first time is shown: `--help` shows none.
  let format: Intl.DateTimeFormat | null = null;

  function fieldsOf(at: string) {
    format ??= formatIn(zone);
    const parts = new Map(format.formatToParts(new Date(at)).map(({ type, value }) => [type, value]));
    const field = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? '';
    return {
      date: `${field('year')}-${field('month')}-${field('day')}`,
      clock: `${field('hour')}:${field('minute')}:${field('second')}`,
      zone: field('timeZoneName'),
    };
  }

  function shown(at: string, pick: (fields: ReturnType<typeof fieldsOf>) => string): string {
    return Number.isNaN(Date.parse(at)) ? at : pick(fieldsOf(at));
  }

  const full = (at: string) => shown(at, ({ date, clock, zone: name }) => `${date} ${clock} ${name}`);
  return {
    clock: (at) => shown(at, ({ clock }) => clock),
    date: (at) => shown(at, ({ date }) => date),
    zone: (at) => shown(at, ({ zone: name }) => name),
    full,
    near(at, nowMs) {
      const today = fieldsOf(new Date(nowMs).toISOString()).date;
      return shown(at, ({ date, clock, zone: name }) => `${date === today ? '' : `${date} `}${clock} ${name}`);
    },
    inText: (text) => text.replaceAll(INSTANT, full),
  };
}

function formatIn(zone?: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-US', {
    ...(zone === undefined ? {} : { timeZone: zone }),
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'short',
  });
}

/** The reader's own zone. */
export const LOCAL_TIMES = timesIn();
