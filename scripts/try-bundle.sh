#!/usr/bin/env bash
# Runs the newest bundle in a bare Debian 12 that has PoCL and nothing else of ours: try-bundle.sh
# Any arguments replace the commands, each one a line of arguments for run.sh: try-bundle.sh devices
# Needs root and debootstrap. The bare system is kept in build/bare, for the next time.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly root=$PWD/build/bare

fail() {
    printf 'try-bundle.sh: %s\n' "$*" >&2
    exit 1
}

[[ $(id -u) == 0 ]] || fail "needs root, for chroot: sudo make try-bundle"
command -v debootstrap > /dev/null || fail "needs debootstrap: apt-get install debootstrap"

# The machine's own mirror of Debian, where it is a Debian.
mirror() {
    { cat /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources} 2> /dev/null || true; } |
        sed -nE '/^(URIs:|deb( \[[^]]*\])?) +https?:[^ ]*\/debian\/?( |$)/ {
            s/.*(https?:[^ ]*).*/\1/p
            q
        }'
}

# What the machine's apt is told about reaching mirrors: proxies, and whether to check dates.
apt_settings() {
    apt-config dump | grep -E '^Acquire::(https?::Proxy|Check-Valid-Until|Check-Date)' || true
}

make_root() {
    local from proxy
    from=$(mirror)
    proxy=$(apt_settings | sed -n 's/^Acquire::http::Proxy "\(.*\)";/\1/p')
    rm -rf "$root"
    mkdir -p "$root"
    # A mount namespace of its own: whatever happens, nothing stays mounted.
    http_proxy=${http_proxy:-$proxy} unshare --mount \
        debootstrap --variant=minbase bookworm "$root" "${from:-http://deb.debian.org/debian}"
    apt_settings > "$root/etc/apt/apt.conf.d/80host"
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    inside apt-get update
    inside env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends pocl-opencl-icd
    inside apt-get clean
    touch "$root/.complete"
}

# Runs a command in the bare system, with none of this machine's environment.
inside() {
    # shellcheck disable=SC2016 # expanded by the inner shell
    unshare --mount bash -euc 'mount -t proc proc "$1/proc"
        mount -t sysfs -o ro sysfs "$1/sys" # PoCL asks it for the processors
        exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root chroot "$@"' \
        - "$root" "$@" < /dev/null
}

archive=$(find build -maxdepth 1 -name 'dvt-*.tar.gz' -printf '%T@ %p\n' |
    sort -n | tail -n 1 | cut -d ' ' -f 2-)
[[ -n $archive ]] || fail "there is no bundle in build/: make bundle"

[[ -e $root/.complete ]] || make_root
rm -rf "$root/opt/bundle"
mkdir -p "$root/opt/bundle"
tar -xzf "$archive" -C "$root/opt/bundle" --strip-components=1
echo "try-bundle.sh: $archive in Debian $(cat "$root/etc/debian_version")," \
    "$(inside dpkg-query -W | wc -l) packages"

if (($# > 0)); then
    for command; do
        # shellcheck disable=SC2086 # words on purpose
        inside /opt/bundle/run.sh $command
    done
else
    inside /opt/bundle/test.sh
fi
