# Sourced by the commands beside this file: go to the project's root, find Python, make .venv when it is missing or old.
# shellcheck shell=sh
set -eu
cd "$(dirname "$0")/.."

# The system's own Python before one that a version manager compiled: packaged ones are built with optimizations which
# those leave out, and run the tests in three quarters of the time.
packaged=$(command -pv python3 || :)
case ":$PATH:" in *":${packaged%/*}:"*) ;; *) packaged= ;; esac
"$packaged" -c 'import ensurepip, venv' 2>/dev/null || packaged=
for candidate in "${PYTHON:-}" "$packaged" python3 python3.14 python3.13 python3.12 python3.11 python; do
  if [ -n "$candidate" ] && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    found=$candidate
    break
  fi
done
if [ -z "${found:-}" ]; then
  echo "Python 3.11 or newer is needed and was not found. Install it, or name it: PYTHON=/path/to/python3 $0" >&2
  exit 1
fi

# What Python compiles is kept, in var/ and not beside the sources: programs start in a third of the time.
export PYTHONPYCACHEPREFIX="${PYTHONPYCACHEPREFIX:-$PWD/var/bytecode}"
unset PYTHONDONTWRITEBYTECODE

"$found" bin/install.py
