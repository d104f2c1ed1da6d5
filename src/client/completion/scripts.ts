/**
 * What each shell sources: it asks the program itself what fits, one candidate a line with a note behind a tab, and
 * `:files` where files fit too. No word of the command line is evaluated.
 */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** The hidden command that answers. */
export const ANSWER_COMMAND = '__complete';
export const FILES_LINE = ':files';

const BASH = `# Completion for bash. Load it: source <(cutover completion bash)
_cutover_complete() {
  local line typed="\${COMP_LINE:0:COMP_POINT}" current='' kept candidate
  local -a words
  # Readline also breaks words at = and @; whole words are what the program knows.
  read -ra words <<<"$typed"
  case "$typed" in *[[:space:]]) words+=('') ;; esac
  current="\${words[\${#words[@]}-1]}"
  kept="\${current%"\${current##*[=@:]}"}"
  COMPREPLY=()
  while IFS= read -r line; do
    case "$line" in
      ${FILES_LINE})
        type compopt >/dev/null 2>&1 && compopt -o filenames 2>/dev/null
        while IFS= read -r candidate; do COMPREPLY+=("$candidate"); done < <(compgen -f -- "\${current#"$kept"}") ;;
      ?*)
        candidate="\${line%%$'\\t'*}"
        COMPREPLY+=("\${candidate#"$kept"}") ;;
    esac
  done < <("\${words[0]}" ${ANSWER_COMMAND} -- "\${words[@]:1}" 2>/dev/null)
}
complete -F _cutover_complete cutover
`;

const ZSH = `#compdef cutover
# Completion for zsh. Load it: source <(cutover completion zsh)
_cutover() {
  local line value note files=0
  local -a candidates
  while IFS= read -r line; do
    case "$line" in
      ${FILES_LINE}) files=1 ;;
      ?*)
        value="\${line%%$'\\t'*}" note="\${line#*$'\\t'}"
        candidates+=("\${value//:/\\\\:}:$note") ;;
    esac
  done < <("\${words[1]}" ${ANSWER_COMMAND} -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  (( \${#candidates} )) && _describe -V 'cutover' candidates
  (( files )) && _files
}
if [ "\${funcstack[1]}" = _cutover ]; then _cutover; else compdef _cutover cutover; fi
`;

const FISH = `# Completion for fish. Load it: cutover completion fish | source
function __cutover_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  for line in ($words[1] ${ANSWER_COMMAND} -- $words[2..-1] "$current" 2>/dev/null)
    if test "$line" = '${FILES_LINE}'
      __fish_complete_path "$current"
    else
      printf '%s\\n' "$line"
    end
  end
end
complete -c cutover -f -a '(__cutover_complete)'
`;

export function scriptFor(shell: Shell): string {
  return { bash: BASH, zsh: ZSH, fish: FISH }[shell];
}
