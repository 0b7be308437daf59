# Functions for the files of script/stages. They run with the repository's root as the folder, and $WORK as a folder of their own.

# modules prints the folder of every module, the root first.
modules() { git ls-files --cached --others --exclude-standard -- go.mod '*/go.mod' | xargs -n1 dirname | sort; }

# published prints the folders of the modules that users import.
published() { modules | grep -x -e . -e linkitredis -e linkitotel; }

# each COMMAND... runs the command in every folder that standard input names.
each() {
  local folder
  while read -r folder; do
    echo "-- $folder: $*"
    (cd "$folder" && "$@" </dev/null)
  done
}

# need COMMAND HINT fails where the command is missing.
need() { command -v "$1" >/dev/null || { echo "$1 isn't installed: $2"; return 1; }; }

# tool NAME prints the path of a pinned Go program, and fails where it is missing.
tool() {
  local path
  path=$(script/tools -p "$1")
  [ -x "$path" ] || { echo "$1 isn't installed in the pinned version: run script/tools $1" >&2; return 1; }
  echo "$path"
}

# figure TEXT adds a figure to the stage's line.
figure() { echo "$*" >&3; }
