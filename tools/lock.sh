#!/usr/bin/env bash
# Writes the locks anew from pyproject.toml: exact versions with hashes, no address of any index.
# `tools/lock.sh --upgrade` takes newer versions; without it the versions in the locks stay where they can.
set -euo pipefail
cd "$(dirname "$0")/.."
common=(--quiet --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-header "$@" pyproject.toml)
pip-compile "${common[@]}" --output-file requirements.lock
pip-compile "${common[@]}" --extra example --extra spark --extra postgres --extra otel --extra dev --output-file requirements-dev.lock
pip-compile "${common[@]}" --extra example --extra spark --extra postgres --extra otel --extra dev --extra harvest --output-file requirements-harvest.lock
