#!/bin/sh
# Makes or updates a virtual environment from a lock file. Costs nothing when there is nothing to do; may be interrupted.
#
#   tools/venv.sh VENV                    VENV with uv in it
#   tools/venv.sh VENV LOCK [MEMBER...]   VENV with exactly what LOCK pins, and the MEMBER folders as editable installs
#
# PYTHON, if set, names the interpreter; otherwise the first of python3, python3.14 … python3.11 that is new enough.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
asked=${PYTHON:-}

say() {
    printf 'bucketry: %s\n' "$*" >&2
}

fail() {
    say "$*"
    exit 1
}

# The stamp is written last. It holds the folder that VENV was made in (a moved VENV is broken) and the PYTHON asked for.
is_ready() {
    venv=$1
    shift
    [ -x "$venv/bin/python" ] && [ -f "$venv/.ready" ] || return 1
    { read -r made_in && read -r made_for; } <"$venv/.ready" || return 1
    [ "$made_in" = "$root" ] || return 1
    [ -z "$asked" ] || [ "$made_for" = "$asked" ] || return 1
    for input in tools/venv.sh requirements/uv.txt "$@"; do
        [ -d "$input" ] && input=$input/pyproject.toml
        [ "$venv/.ready" -nt "$input" ] || return 1
    done
}

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    if [ -n "$asked" ]; then
        is_new_enough "$asked" || fail "PYTHON=$asked is missing or too old: Python 3.11 or newer is needed."
        echo "$asked"
        return
    fi
    for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
        if is_new_enough "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    fail "Python 3.11 or newer is needed and none is on PATH; name one with PYTHON=/path/to/python3."
}

identity() {
    "$1" -c 'import sys; print(sys.base_prefix, sys.version)' 2>/dev/null
}

is_reusable() {
    [ ! -f "$1/.unfinished" ] && "$1/bin/python" -m pip --version >/dev/null 2>&1 || return 1
    [ ! -f "$1/.ready" ] || [ "$(head -n 1 "$1/.ready")" = "$root" ] || return 1
    [ -z "$asked" ] || [ "$(identity "$1/bin/python")" = "$(identity "$asked")" ]
}

make_venv() {
    python=$(find_python)
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "$python cannot make virtual environments; on Debian: apt install python3-venv."
    say "making $1 with $("$python" --version) (about a minute the first time)"
    rm -rf "$1"
    mkdir "$1"
    : >"$1/.unfinished"
    "$python" -m venv "$1"
}

install_uv() {
    "$1/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
}

install_lock() {
    venv=$1 lock=$2
    shift 2
    for member; do
        set -- "$@" -e "$member"
        shift
    done
    say "installing $lock into $venv"
    "$venv/bin/uv" pip sync --quiet --python "$venv/bin/python" --require-hashes "$lock"
    [ $# -eq 0 ] ||
        "$venv/bin/uv" pip install --quiet --python "$venv/bin/python" --no-deps --no-build-isolation "$@"
}

venv=$1
shift
[ $# -eq 0 ] || ! is_ready "$venv" "$@" || exit 0

# Of two makes at once, one sets up and the other waits for it.
if command -v flock >/dev/null; then
    exec 9>"$venv.lock"
    flock 9
    [ $# -eq 0 ] || ! is_ready "$venv" "$@" || exit 0
fi
is_reusable "$venv" || make_venv "$venv"
: >"$venv/.unfinished"
install_uv "$venv"
if [ $# -gt 0 ]; then
    rm -f "$venv/.ready"
    install_lock "$venv" "$@"
fi
rm -f "$venv/.unfinished"
if [ $# -gt 0 ]; then
    "$venv/bin/uv" pip check --quiet --python "$venv/bin/python" ||
        fail "$1 lacks what the distributions ask for (uv pip check): run 'make lock' and commit the result."
    printf '%s\n%s\n' "$root" "$asked" >"$venv/.ready"
fi
