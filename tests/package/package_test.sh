#!/bin/sh
# package_test.sh BUILD_FOLDER: the Debian package of this build, made, installed into a
# root of its own, used, and purged without a trace.  This machine keeps what it has; its
# list of installed packages says whether the dependencies are met.
set -eu
build=$1
fail() { echo "FAILED: $*" >&2; exit 1; }
command -v dpkg-deb >/dev/null && command -v dpkg-shlibdeps >/dev/null ||
  { echo "skipped: needs dpkg-dev"; exit 0; }
if [ "$(id -u)" != 0 ]; then
  unshare -r true 2>/dev/null || { echo "skipped: dpkg needs root or a user namespace"; exit 0; }
  exec unshare -r "$0" "$@"
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cpack -G DEB --config "$build/CPackConfig.cmake" -B "$scratch/made" >"$scratch/log" 2>&1 ||
  { cat "$scratch/log"; fail "cpack"; }
deb=$(ls "$scratch"/made/*.deb)

dpkg-deb -f "$deb" Depends | grep -q 'libc6 (>= 2\.' || fail "Depends names no libc6"
dpkg-deb --ctrl-tarfile "$deb" | tar -t | grep -E 'postinst|preinst|prerm|postrm' &&
  fail "a package that only installs files has a script"

root=$scratch/root
mkdir -p "$root/var/lib/dpkg/info" "$root/var/lib/dpkg/updates"
awk -v RS= -v ORS='\n\n' '!/^Package: mcpctl\n/' /var/lib/dpkg/status >"$root/var/lib/dpkg/status"
in_root() { dpkg --root="$root" --log=/dev/null "$@" >"$scratch/log" 2>&1; }
in_root -i "$deb" || { grep -v 'warning: files list' "$scratch/log"; fail "dpkg -i"; }

dpkg --root="$root" -L mcpctl >"$scratch/list"
for file in bin/mcpctl share/man/man1/mcpctl.1.gz share/bash-completion/completions/mcpctl \
    share/zsh/vendor-completions/_mcpctl share/fish/vendor_completions.d/mcpctl.fish \
    lib/systemd/system/mcpctl.service share/doc/mcpctl/copyright; do
  grep -qx "/usr/$file" "$scratch/list" || fail "/usr/$file is not in the package"
done
LC_ALL=C ldd "$root/usr/bin/mcpctl" | grep -Ev 'linux-vdso|/libc\.so|/ld-linux' &&
  fail "each start of mcpctl loads another library than libc"
"$root/usr/bin/mcpctl" version | grep -q '^mcpctl [0-9]' || fail "mcpctl version"
bash -c '. "$1" && complete -p mcpctl' - "$root/usr/share/bash-completion/completions/mcpctl" \
  >/dev/null || fail "bash completion"
gzip -dc "$root/usr/share/man/man1/mcpctl.1.gz" | grep -q '^\.TH MCPCTL 1' || fail "man page"
grep -q '^ExecStart=/usr/bin/mcpctl run' "$root/usr/lib/systemd/system/mcpctl.service" ||
  fail "the unit starts another program"
[ ! -e "$root/etc/systemd" ] || fail "the service is enabled"

in_root --purge mcpctl || { grep -v 'warning: files list' "$scratch/log"; fail "dpkg --purge"; }
left=$(find "$root" -path "$root/var" -prune -o ! -type d -print)
[ -z "$left" ] || fail "left behind: $left"
[ ! -e "$root/usr" ] || fail "folders left behind: $(find "$root/usr")"
echo "made, installed, used and purged: $(basename "$deb")"
