#!/bin/sh
# Lays dist/Imprint out as an AppDir; appimagetool makes one file of it. Only used by the workflow.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
app=$1

rm -rf "$app"
mkdir -p "$app/usr/lib" "$app/usr/share/icons/hicolor/256x256/apps"
cp -R "$root/dist/Imprint" "$app/usr/lib/imprint"
sed 's|"@PROGRAM@"|imprint|' "$here/imprint.desktop" > "$app/imprint.desktop"
cp "$root/build/icons/imprint-256.png" "$app/imprint.png"
cp "$root/build/icons/imprint-256.png" "$app/usr/share/icons/hicolor/256x256/apps/imprint.png"
printf '%s\n' '#!/bin/sh' 'exec "$(dirname "$(readlink -f "$0")")/usr/lib/imprint/imprint" "$@"' > "$app/AppRun"
chmod +x "$app/AppRun"
