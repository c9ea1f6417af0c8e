// The scripts know nothing of the commands: at each tab they ask the program, so that they fit every version of it.

const BASH = String.raw`# Completion of lockstep for bash. Now:  source <(lockstep completion bash)
# For good:  lockstep completion bash > ~/.local/share/bash-completion/completions/lockstep
_lockstep() {
	local line kind= current=${'$'}{COMP_WORDS[COMP_CWORD]}
	local -a words=("${'$'}{COMP_WORDS[@]:1:COMP_CWORD}")
	[[ $current == = ]] && current=
	COMPREPLY=()
	while IFS= read -r line; do
		case $line in
			:*) kind=${'$'}{line#:} ;;
			*) COMPREPLY+=("${'$'}{line%%$'\t'*}") ;;
		esac
	done < <("${'$'}{COMP_WORDS[0]/#\~/$HOME}" __complete bash "${'$'}{words[@]}" 2>/dev/null)
	if [[ $kind == folders || $kind == files ]]; then
		# Blanks are escaped by bash itself.
		compopt -o filenames 2>/dev/null
		while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -"$([[ $kind == files ]] && printf f || printf d)" -- "$current")
	fi
}
complete -F _lockstep lockstep
`;

const ZSH = String.raw`#compdef lockstep
# Completion of lockstep for zsh. Now:  source <(lockstep completion zsh)
# For good:  lockstep completion zsh > a folder of $fpath/_lockstep
_lockstep() {
	local line kind value
	local -a found
	while IFS= read -r line; do
		if [[ $line == :* ]]; then
			kind=${'$'}{line#:}
		else
			value=${'$'}{line%%$'\t'*}
			value=${'$'}{value//:/\\:}
			[[ $line == *$'\t'* ]] && value+=":${'$'}{line#*$'\t'}"
			found+=("$value")
		fi
	done < <("${'$'}{words[1]/#\~/$HOME}" __complete zsh "${'$'}{(@Q)words[2,CURRENT]}" 2>/dev/null)
	(( ${'$'}{#found} )) && _describe -t lockstep lockstep found
	[[ $kind == files || $kind == folders ]] && compset -P '--*='
	[[ $kind == files ]] && _files
	[[ $kind == folders ]] && _files -/
	return 0
}
if [[ ${'$'}{funcstack[1]} == _lockstep ]]; then _lockstep "$@"; else compdef _lockstep lockstep; fi
`;

const FISH = String.raw`# Completion of lockstep for fish. Now:  lockstep completion fish | source
# For good:  lockstep completion fish > ~/.config/fish/completions/lockstep.fish
function __lockstep_complete
	set -l words (commandline -opc)
	set -l current (commandline -ct)
	set -l kind
	for line in (command $words[1] __complete fish $words[2..-1] "$current" 2>/dev/null)
		switch $line
			case ':*'
				set kind (string sub -s 2 -- $line)
			case '*'
				printf '%s\n' $line
		end
	end
	set -l lead (string match -r -- '^--[^=]+=' "$current")
	switch "$kind"
		case folders
			printf '%s\n' "$lead"(__fish_complete_directories (string replace -- "$lead" '' "$current") '')
		case files
			printf '%s\n' "$lead"(__fish_complete_path (string replace -- "$lead" '' "$current") '')
	end
end
complete -c lockstep -f -a '(__lockstep_complete)'
`;

const SCRIPTS = { bash: BASH, zsh: ZSH, fish: FISH };

export const completionScript = (shell: keyof typeof SCRIPTS): string => SCRIPTS[shell];
