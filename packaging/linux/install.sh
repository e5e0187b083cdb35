#!/bin/sh
# Installs Imprint for you alone, below ~/.local (or $PREFIX). No rights of the system are needed.
# What it makes is listed in lib/imprint/installed; uninstall.sh removes just that.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
prefix=${PREFIX:-"$HOME/.local"}
# Whole and as short as it can be: it will stand in the menu's entry and in the list of what was made.
case "$prefix" in /*) ;; *) prefix="$PWD/$prefix" ;; esac
prefix=$(printf '%s' "$prefix" | sed 's|/*$||')
home="$prefix/lib/imprint"
record="$home/installed"

say() { printf '%s\n' "$*"; }
fail() { say "$*" >&2; exit 1; }

[ -x "$here/program/imprint" ] || fail "The folder program is not beside this script. Unpack the whole archive, then run install.sh in it."

made=""
note() { made="$made$1
"; }
folder() { # make a folder and note the ones that were not there
    [ -d "$1" ] && return
    folder "$(dirname "$1")" && mkdir "$1" && note "folder $1"
}
file() { # source target
    folder "$(dirname "$2")"
    cp "$1" "$2"
    note "file $2"
}

# -- is there room, may we write -----------------------------------------------------------------
folder "$prefix" 2>/dev/null || fail "$prefix cannot be made. Choose another place: PREFIX=/some/folder $0"
[ -w "$prefix" ] || fail "$prefix cannot be written. Choose another place: PREFIX=/some/folder $0"
needed=$(du -sk "$here/program" | cut -f1)
free=$(df -Pk "$prefix" | awk 'NR == 2 { print $4 }')
[ "$free" -gt "$needed" ] || fail "Imprint needs $((needed / 1024)) MB in $prefix, which has $((free / 1024)) free. Free some space, then run this again."

# -- an Imprint that runs reads its parts from its file as it needs them --------------------------
for running in /proc/[0-9]*/exe; do
    [ "$(readlink "$running" 2>/dev/null)" != "$home/imprint" ] || fail "Imprint is running. Close it, then run this again; a training that runs goes on after that."
done

# -- the program, beside the old one until it is whole -------------------------------------------
old=""
if [ -f "$record" ]; then old=$(cat "$record"); fi
folder "$prefix/lib"
rm -rf "$home.new"
cp -R "$here/program" "$home.new"
rm -rf "$home.old"
[ -d "$home" ] && mv "$home" "$home.old"
mv "$home.new" "$home"
rm -rf "$home.old"
cp "$here/uninstall.sh" "$home/uninstall.sh"
note "tree $home"

# -- commands, menu, kinds of files, icons -------------------------------------------------------
folder "$prefix/bin"
for name in imprint imprint-cli; do
    ln -sf "$home/$name" "$prefix/bin/$name"
    note "file $prefix/bin/$name"
done
folder "$prefix/share/applications"
escaped=$(printf '%s' "$home/imprint" | sed 's/[\\&|]/\\&/g')
sed "s|@PROGRAM@|$escaped|" "$here/imprint.desktop" > "$prefix/share/applications/imprint.desktop"
note "file $prefix/share/applications/imprint.desktop"
file "$here/imprint.xml" "$prefix/share/mime/packages/imprint.xml"
for picture in "$here"/icons/imprint-*.png; do
    size=$(basename "$picture" .png | sed 's/imprint-//')
    file "$picture" "$prefix/share/icons/hicolor/${size}x$size/apps/imprint.png"
done
file "$here/icons/imprint.svg" "$prefix/share/icons/hicolor/scalable/apps/imprint.svg"

# What an earlier installation made is this one's to remove as well.
printf '%s%s\n' "$made" "$old" | awk 'NF && !seen[$0]++' > "$record"

# -- the desktop's own lists, where there are such tools -----------------------------------------
if command -v update-mime-database >/dev/null; then update-mime-database "$prefix/share/mime" || true; fi
if command -v update-desktop-database >/dev/null; then update-desktop-database -q "$prefix/share/applications" || true; fi
if command -v gtk-update-icon-cache >/dev/null; then gtk-update-icon-cache -qtf "$prefix/share/icons/hicolor" || true; fi

# -- what the window needs of the system ---------------------------------------------------------
missing=$(find "$home/_internal/PySide6/Qt/plugins/platforms" -name 'libq*.so' -exec ldd {} + 2>/dev/null | awk '/not found/ { print $1 }' | sort -u)
if [ -n "$missing" ]; then
    say "" "The window needs these libraries of the system, which are not there:"
    say "$missing" | sed 's/^/  /'
    say "On Debian and Ubuntu: sudo apt install libgl1 libegl1 libfontconfig1 libfreetype6 libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0 libdbus-1-3 libgssapi-krb5-2 libwayland-cursor0"
fi
say "Imprint is installed. It is in the menu under Graphics; in a terminal: $prefix/bin/imprint"
case ":$PATH:" in *":$prefix/bin:"*) ;; *) say "($prefix/bin is not on your PATH yet.)" ;; esac
say "To check this computer: $prefix/bin/imprint-cli doctor      To remove it: $home/uninstall.sh"
