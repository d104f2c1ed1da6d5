/** What reaches the candidate beside its share, as every layer compares and names it. Pure: workflow code imports it. */
import type { Exposure } from './types.ts';

/** `partly`: as read from a router in which only some of it is left. */
type Compared = Exposure & { partly?: true };

export function sameExposure(a: Compared | null, b: Compared | null): boolean {
  if (a?.partly !== b?.partly) return false;
  const isSameHeader = a?.header?.name === b?.header?.name && a?.header?.value === b?.header?.value;
  return isSameHeader && (a?.mirror_percent ?? null) === (b?.mirror_percent ?? null);
}

/** For people: `header X-Cutover: candidate, mirrored 10 %`. */
export function formatExposure({ header, mirror_percent }: Exposure): string {
  return [
    ...(header === null ? [] : [`header ${header.name}: ${header.value}`]),
    ...(mirror_percent === null ? [] : [`mirrored ${mirror_percent} %`]),
  ].join(', ');
}

/** `0 %, header X-Cutover: candidate, mirrored 10 %`; `exposure` absent or null: the share alone. */
export function formatShare(share: number, exposure: Exposure | null | undefined): string {
  return exposure == null ? `${share} %` : `${share} %, ${formatExposure(exposure)}`;
}
