#!/usr/bin/env bash
# A Docker engine for a machine that runs none, such as continuous integration's:
#   tests/servers/dockerd.sh start FILE    if no engine answers, starts dockerd and notes in FILE that it did;
#                                          first installs Debian's docker.io and debootstrap if they are missing
#   tests/servers/dockerd.sh stop FILE     ends the dockerd that `start` noted in FILE, and no other
# Where init starts services, installing is enough, and nothing is noted.
set -euo pipefail

export PATH=$PATH:/usr/sbin:/sbin
readonly LOG=/var/log/bucketry-dockerd.log

say() {
    printf 'servers: %s\n' "$*" >&2
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo -n "$@"
    else
        say "need root for: $*"
        return 1
    fi
}

answers() {
    command -v docker >/dev/null && docker version >/dev/null 2>&1
}

# debootstrap makes the base image where none can be pulled.
install_packages() {
    local missing=()
    answers || command -v dockerd >/dev/null || missing+=(docker.io)
    command -v debootstrap >/dev/null || missing+=(debootstrap)
    [ ${#missing[@]} -gt 0 ] || return 0
    if ! command -v apt-get >/dev/null; then
        answers && return
        say "please install ${missing[*]}"
        return 1
    fi
    say "installing ${missing[*]}"
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq -o Dpkg::Use-Pty=0 --no-install-recommends "${missing[@]}" >/dev/null
}

# A second engine would take the first one's bridge away. One that is starting has a pid already.
is_running() {
    local pid
    pid=$(cat /var/run/docker.pid 2>/dev/null) && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = dockerd ]
}

wait_for_engine() {
    local tries
    for ((tries = 0; tries < 300; tries++)); do
        answers && return
        sleep 0.2
    done
    say "dockerd does not answer after a minute; see $LOG"
    as_root tail -n 20 "$LOG" >&2 || true
    return 1
}

start() {
    install_packages
    answers && return
    if is_running; then
        wait_for_engine
        return
    fi
    say "starting dockerd"
    # Detached, so that an interrupt at the terminal reaches it only through `stop`.
    as_root sh -c 'setsid dockerd --group "$1" </dev/null >"$2" 2>&1 &' sh "$(id -gn)" "$LOG"
    : >"$1"
    wait_for_engine
    cat /var/run/docker.pid >"$1"
}

stop() {
    [ -e "$1" ] || return 0
    local pid tries
    pid=$(cat "$1")
    pid=${pid:-$(cat /var/run/docker.pid 2>/dev/null || true)}
    rm -f "$1"
    [ -n "$pid" ] && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = dockerd ] || return 0
    as_root kill -TERM "$pid"
    for ((tries = 0; tries < 300; tries++)); do
        [ -e "/proc/$pid" ] || return 0
        sleep 0.2
    done
    say "dockerd ($pid) does not end"
    return 1
}

case "${1:-}-$#" in
start-2 | stop-2) "$1" "$2" ;;
*)
    sed -n '2,6s/^# //p' "$0" >&2
    exit 2
    ;;
esac
