#!/bin/sh
# Removes what install.sh made, by its list. Projects, pictures and models stay.
set -eu

prefix=${PREFIX:-"$HOME/.local"}
here=$(cd "$(dirname "$0")" && pwd)
# Run from where it was installed it knows its place by itself.
[ -f "$here/installed" ] && home=$here || home="$prefix/lib/imprint"
prefix=$(dirname "$(dirname "$home")")
record="$home/installed"
[ -f "$record" ] || { printf '%s\n' "Imprint is not installed in $prefix. Say where: PREFIX=/some/folder $0" >&2; exit 1; }

list=$(cat "$record")
printf '%s\n' "$list" | while read -r kind path; do
    case "$kind" in
        file) rm -f "$path" ;;
        tree) rm -rf "$path" ;;
    esac
done

# The desktop's own lists forget us; those that only our files had called for go.
made() { printf '%s\n' "$list" | grep -qxF "folder $1"; }
if made "$prefix/share/mime" && [ -z "$(ls -A "$prefix/share/mime/packages" 2>/dev/null)" ]; then
    rm -rf "$prefix/share/mime"
elif command -v update-mime-database >/dev/null; then update-mime-database "$prefix/share/mime" || true; fi
if made "$prefix/share/applications" && ! ls "$prefix/share/applications/"*.desktop >/dev/null 2>&1; then
    rm -f "$prefix/share/applications/mimeinfo.cache"
elif command -v update-desktop-database >/dev/null; then update-desktop-database -q "$prefix/share/applications" || true; fi
if made "$prefix/share/icons/hicolor" && ! ls "$prefix/share/icons/hicolor/"*/apps/* >/dev/null 2>&1; then
    rm -f "$prefix/share/icons/hicolor/icon-theme.cache"
elif command -v gtk-update-icon-cache >/dev/null; then gtk-update-icon-cache -qtf "$prefix/share/icons/hicolor" || true; fi

# What the window may have fetched for a graphics card: gigabytes that only this program uses.
rm -rf "${XDG_DATA_HOME:-"$HOME/.local/share"}/imprint/card-pack"

# Folders that install.sh made go when they are empty, the innermost first.
printf '%s\n' "$list" | sed -n 's/^folder //p' | awk '{ print length, $0 }' | sort -rn | cut -d' ' -f2- | while read -r path; do
    rmdir "$path" 2>/dev/null || true
done
printf '%s\n' "Imprint is removed. Your projects, pictures and models are where they were."
