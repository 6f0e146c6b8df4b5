#!/bin/sh
# Writes requirements.lock and requirements-dev.lock from pyproject.toml: hashed, naming no host.
# Versions already locked stay, unless asked otherwise: tools/lock.sh --upgrade-package NAME | --upgrade
set -eu
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
python3 -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet uv
compile() {
    target=$1
    shift
    "$scratch/venv/bin/uv" pip compile pyproject.toml --quiet --universal --python-version 3.11 \
        --generate-hashes --no-emit-index-url --no-header --output-file "$target" "$@"
}
compile requirements.lock "$@"
compile requirements-dev.lock --group dev --constraint requirements.lock "$@"
