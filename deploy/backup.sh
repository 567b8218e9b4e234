#!/bin/sh
# Copy a site to a folder that can be restored from: deploy/backup.sh TARGET
# Page and node may go on; the order makes the copy whole: the database first, then the files that it names.
# (A result that appears meanwhile is a file too many, which nothing names. Stop the workers to have none.)
# Reads STARLUNG_WORK_DIR and STARLUNG_STORE_URL; without the latter the store is work_dir's SQLite file.
set -eu
umask 077
target=${1:?"Give a folder: deploy/backup.sh TARGET"}
work=${STARLUNG_WORK_DIR:-$HOME/.local/share/starlung}
[ -d "$work" ] || { echo "$work: does not exist. Set STARLUNG_WORK_DIR." >&2; exit 2; }
[ ! -e "$target" ] || { echo "$target: is there already. Give a new folder." >&2; exit 2; }
partial=$target.partial
rm -rf "$partial"
mkdir -p "$partial"
if [ -n "${STARLUNG_STORE_URL:-}" ]; then
    pg_dump --format=custom --file "$partial/store.dump" "$STARLUNG_STORE_URL"
else
    python3 - "$work/store.sqlite" "$partial/store.sqlite" <<'PYTHON'
import sqlite3
import sys

source, target = (sqlite3.connect(name) for name in sys.argv[1:])
source.backup(target)  # whole, whoever writes meanwhile
PYTHON
fi
# uploads and what only speeds things up is left out; keys and secrets are in it: keep the copy as safe
tar --create --gzip --file "$partial/work.tar.gz" --directory "$work" \
    --exclude ./uploads --exclude './store.sqlite*' --exclude ./cache --exclude '*.partial-*' \
    --warning=no-file-changed . || [ $? -eq 1 ]
(cd "$partial" && sha256sum -- * > SHA256SUMS)
mv "$partial" "$target"
echo "$target: $(du -sh "$target" | cut -f 1)"
