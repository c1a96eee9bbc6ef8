#!/usr/bin/env bash
# Installs safeload, without torch, in an environment of its own, and puts it on the path of later steps.
#   SAFELOAD_VERSION  a version from PyPI; empty: the source that this script is part of
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
home=${RUNNER_TEMP:-$(mktemp -d)}/safeload-env

python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "safeload needs Python 3.11 or later as python3: use actions/setup-python before this step" >&2
    exit 2
}
if [[ -n ${SAFELOAD_VERSION:-} ]]; then
    [[ $SAFELOAD_VERSION =~ ^[0-9]+(\.[0-9]+)*([a-z]+[0-9]+)?$ ]] || {
        echo "the input version is no version" >&2
        exit 2
    }
    wanted=safeload==$SAFELOAD_VERSION
else
    wanted=$here
fi
python3 -m venv "$home"
"$home/bin/python" -m pip install --quiet --disable-pip-version-check --no-input -c "$here/constraints.txt" "$wanted"
if [[ -n ${GITHUB_PATH:-} ]]; then
    echo "$home/bin" >>"$GITHUB_PATH"
fi
"$home/bin/safeload" --version
