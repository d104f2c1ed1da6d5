/** Colours and weights, as every layer compares and names them. Pure: workflow code imports it. */
import type { Colour, Weights } from './types.ts';

export function otherColour(colour: Colour): Colour {
  return colour === 'blue' ? 'green' : 'blue';
}

export function sameWeights(a: Weights, b: Weights): boolean {
  return a.blue === b.blue && a.green === b.green;
}

/** For people: `blue 90 %, green 10 %`. */
export function formatWeights(weights: Weights): string {
  return `blue ${weights.blue} %, green ${weights.green} %`;
}
