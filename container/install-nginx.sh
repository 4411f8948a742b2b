#!/bin/sh
# Installs Debian's nginx, the one that the reference image uses, for tests/container.
set -eu
PATH="$PATH:/usr/sbin:/usr/local/sbin"

if command -v nginx >/dev/null; then
    exit 0
fi
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "nginx is missing: run 'sudo container/install-nginx.sh' (Debian, Ubuntu) or install your system's nginx package" >&2
    exit 1
fi

# The tests start their own nginx: keep the package from starting one on port 80.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -qq -y --no-install-recommends nginx-light >/dev/null
