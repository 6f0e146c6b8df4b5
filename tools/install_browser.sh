#!/bin/sh
# Installs Chromium and the fonts of the browser tests (Chinese with its weights, colour emoji) from Debian's
# packages, when they are missing and this user may. Silent when there is nothing to do.
set -u
missing=
for package in chromium fonts-noto-cjk fonts-noto-color-emoji; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q ' installed$' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if ! command -v apt-get >/dev/null; then
    echo "not installed, and no apt-get here:$missing"
    exit 3
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "not installed; 'sudo sh tools/install_browser.sh' does it:$missing"
    exit 3
fi
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086
if apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing; then
    exit 0
fi
echo "apt-get could not install:$missing"
exit 3
