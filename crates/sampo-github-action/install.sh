#!/usr/bin/env bash
# Installs the program that the Action runs or, for the command `install`, the command line `sampo`.
#
# It is downloaded from its release, checked against the SHA256SUMS there, and kept in the runner's tool cache, where the
# next job finds it; or it is built from the source of this Action.
#
# Reads SAMPO_COMMAND, SAMPO_VERSION and SAMPO_USE_LOCAL_BUILD, which are inputs of the Action, and SAMPO_RELEASES_URL, the
# address of a mirror. Writes the output `program` or, for the command line, its folder to GITHUB_PATH.
set -euo pipefail

releases=${SAMPO_RELEASES_URL:-https://github.com/bruits/sampo/releases/download}
repository=$GITHUB_ACTION_PATH/../..
build_it="set the input \`use-local-build\` to \`true\`, which needs Rust"
attempts=5

main() {
    local package=sampo-github-action
    if [ "${SAMPO_COMMAND:-}" = install ]; then package=sampo; fi
    case ${SAMPO_USE_LOCAL_BUILD:-} in
        true | 1) build "$package" ;;
        false | 0 | '') install_released "$package" "${SAMPO_VERSION:-$(version_in_source "$package")}" ;;
        *) fail "the input \`use-local-build\` is \`$SAMPO_USE_LOCAL_BUILD\`; expected \`true\` or \`false\`" ;;
    esac
    if [ "$package" = sampo ]; then
        printf '%s\n' "${program%/*}" >>"$GITHUB_PATH"
    else
        printf 'program=%s\n' "$program" >>"$GITHUB_OUTPUT"
    fi
}

# An annotation, whose text stays on its line whatever is in it.
fail() {
    local text=$1
    text=${text//'%'/%25}
    text=${text//$'\r'/%0D}
    printf '::error title=Sampo is not installed::%s\n' "${text//$'\n'/%0A}"
    exit 1
}

version_in_source() {
    sed -n 's/^version = "\(.*\)"$/\1/p' "$repository/crates/$1/Cargo.toml" | head -n 1
}

# build PACKAGE: sets `program`.
build() {
    command -v cargo >/dev/null || fail "the input \`use-local-build\` needs Rust, and there is no \`cargo\`"
    (cd "$repository" && env -u CARGO_BUILD_TARGET cargo build --locked --release --package "$1" --target-dir target) ||
        fail "\`$1\` cannot be built from source"
    program=$(cd "$repository" && pwd)/target/release/$1
    if [ -e "$program.exe" ]; then program+=.exe; fi
    program=$(portable "$program")
}

# install_released PACKAGE VERSION: sets `program`, the first that starts of those for this machine.
install_released() {
    local package=$1 version=$2 target candidates=() cache
    [[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+([-+][0-9A-Za-z.+-]+)?$ ]] || fail "\`$version\` is no version"
    find_candidates
    find_cache
    for target in "${candidates[@]}"; do
        program=$cache/$package/$version/$target/$package
        case $target in *-windows-*) program+=.exe ;; esac
        if is_version "$program"; then
            printf '%s %s is there already\n' "$package" "$version"
            return
        fi
    done
    command -v curl >/dev/null || fail "there is no \`curl\`, which downloads the program: install it first"
    scratch=$(mktemp -d "$cache/download.XXXXXX")
    trap 'rm -rf "$scratch"' EXIT
    fetch SHA256SUMS
    for target in "${candidates[@]}"; do
        if install_target; then
            printf 'installed %s %s (%s)\n' "$package" "$version" "$target"
            return
        fi
    done
    fail "no program in the release \`$package-v$version\` starts on this machine (${candidates[*]}); $build_it"
}

# Sets `candidates`: the targets whose programs may start here, the best first.
find_candidates() {
    local system machine
    system=$(uname -s)
    machine=$(uname -m)
    case $machine in
        amd64) machine=x86_64 ;;
        arm64) machine=aarch64 ;;
    esac
    case $system-$machine in
        Linux-x86_64 | Linux-aarch64)
            # One for the GNU libc does not start where that is missing, or older than where it was built.
            candidates=("$machine-unknown-linux-musl")
            if getconf GNU_LIBC_VERSION >/dev/null 2>&1; then
                candidates=("$machine-unknown-linux-gnu" "${candidates[@]}")
            fi
            ;;
        Darwin-x86_64 | Darwin-aarch64) candidates=("$machine-apple-darwin") ;;
        # Windows for ARM runs these too.
        MINGW*-x86_64 | MSYS*-x86_64 | MINGW*-aarch64 | MSYS*-aarch64) candidates=(x86_64-pc-windows-msvc) ;;
        *) fail "there is no released program for $system on $machine; $build_it" ;;
    esac
}

# Sets `cache`: a folder that outlives the job, if there is one that can be written to.
find_cache() {
    local folder
    for folder in "${RUNNER_TOOL_CACHE:-}" "${RUNNER_TEMP:-}"; do
        if [ -z "$folder" ]; then continue; fi
        cache=$(portable "$folder")/sampo
        if mkdir -p "$cache" 2>/dev/null && [ -w "$cache" ]; then return; fi
    done
    fail 'neither the folder RUNNER_TOOL_CACHE nor RUNNER_TEMP can be written to'
}

# The spelling of a path that both bash and Windows understand.
portable() {
    if command -v cygpath >/dev/null; then cygpath --mixed "$1"; else printf '%s\n' "$1"; fi
}

# Whether the program is there, starts, and is this version.
is_version() {
    [ -x "$1" ] && [ "$("$1" --version)" = "$package $version" ]
}

# Sets `program`; fails if the release has none for `target`, or it does not start here.
install_target() {
    local stem=$package-$version-$target archive name=$package expected actual
    archive=$stem.tar.gz
    case $target in *-windows-*) archive=$stem.zip name+=.exe ;; esac
    expected=$(published_digest "$archive")
    if [ -z "$expected" ]; then return 1; fi
    fetch "$archive"
    actual=$(sha256 <"$scratch/$archive") || fail "there is neither \`sha256sum\` nor \`shasum\`"
    if [ "${actual%% *}" != "$expected" ]; then
        fail "\`$archive\` is not what the SHA256SUMS of its release say, and was not used"
    fi
    unpack "$scratch/$archive" "$stem/$name" || fail "\`$archive\` cannot be unpacked"
    if ! is_version "$scratch/$stem/$name"; then
        printf 'the program for %s does not start here\n' "$target"
        return 1
    fi
    program=$cache/$package/$version/$target/$name
    mkdir -p "${program%/*}"
    # Where another job was faster, and Windows keeps the file of a running program, that one is as good.
    mv -f "$scratch/$stem/$name" "$program" 2>/dev/null || is_version "$program" || fail "\`$program\` cannot be written"
}

# fetch NAME: a file of the release; tries again unless it is not there.
fetch() {
    local url=$releases/$package-v$version/$1 attempt status only=()
    case $url in https://*) only=(--proto '=https') ;; esac
    for ((attempt = 1; attempt <= attempts; attempt++)); do
        if [ "$attempt" -gt 1 ]; then
            printf 'trying again (%s of %s)\n' "$attempt" "$attempts"
            sleep "$(((attempt - 1) * (attempt - 1)))"
        fi
        if status=$(curl --fail --silent --show-error --location ${only[@]+"${only[@]}"} --connect-timeout 30 --max-time 600 \
            --output "$scratch/$1" --write-out '%{http_code}' "$url"); then
            return
        fi
        case $status in
            404 | 410) fail "there is no $url: use the Action at the tag of a release, correct the input \`version\`, or $build_it" ;;
        esac
    done
    fail "$url cannot be downloaded"
}

# published_digest FILE: what the SHA256SUMS of the release say of it; nothing if they do not name it.
published_digest() {
    local digest name
    while read -r digest name || [ -n "$digest" ]; do
        name=${name%$'\r'}
        if [ "${name#\*}" = "$1" ]; then
            printf '%s\n' "$digest"
            return
        fi
    done <"$scratch/SHA256SUMS"
}

sha256() {
    if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi
}

# unpack ARCHIVE MEMBER
unpack() {
    case $1 in
        *.tar.gz) tar -xzof - -C "$scratch" "$2" <"$1" ;;
        *) if command -v unzip >/dev/null; then unzip -q "$1" "$2" -d "$scratch"; else "$SYSTEMROOT/System32/tar.exe" -xf "$1" -C "$scratch" "$2"; fi ;;
    esac
}

main
