/** Whether a text can be composed without hanging or ending the process; found without recursion. */
import { Lexer, Parser } from 'yaml';

/** The parser's own stack holds the document, and a pair or two more than the collections around a value. */
const PARSER_EXTRA = 8;

export interface Excess {
  what: 'nesting' | 'length';
  line: number;
  column: number;
}

/**
 * Where collections are nested deeper than `maxDepth`, or a few more, or where the text goes over `maxLexemes` words and
 * signs; null: it can be composed. To be asked first: the composer recurses, and a regular expression that V8 compiles on
 * an exhausted stack ends the process (`RegExpCompiler Allocation failed`), which no handler catches.
 */
export function findExcess(text: string, maxDepth: number, maxLexemes: number): Excess | null {
  const parser = new Parser();
  let lexemes = 0;
  for (const lexeme of new Lexer().lex(text)) {
    // The tokens are of no interest, only how many are open.
    for (const _ of parser.next(lexeme));
    lexemes += 1;
    if (parser.stack.length > maxDepth + PARSER_EXTRA) return { what: 'nesting', ...positionIn(text, parser.offset) };
    if (lexemes > maxLexemes) return { what: 'length', ...positionIn(text, parser.offset) };
  }
  return null;
}

function positionIn(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: Math.max(1, before.at(-1)?.length ?? 1) };
}
