#!/bin/sh
# Installs Chromium for the tests of the HTML report, where this may be done: as root, with apt-get.
# Elsewhere those tests are skipped, and say so.
set -eu

for name in chromium chromium-browser google-chrome; do
  if command -v "$name" > /dev/null; then
    exit 0
  fi
done
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get > /dev/null; then
  echo "no Chromium: install the package chromium to test the HTML report in a browser" >&2
  exit 0
fi
export DEBIAN_FRONTEND=noninteractive
limits="-o Acquire::Retries=1 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20"
# shellcheck disable=SC2086 # several options
if ! apt-get update -qq $limits || ! apt-get install -y -qq $limits --no-install-recommends chromium > /dev/null; then
  echo "Chromium could not be installed; the tests in a browser are skipped" >&2
fi
