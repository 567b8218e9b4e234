#!/bin/sh
# Put a site back from what deploy/backup.sh wrote: deploy/restore.sh SOURCE
# Stop page, workers and node first. The work folder and the database must be empty.
set -eu
umask 077
source=${1:?"Give a folder: deploy/restore.sh SOURCE"}
work=${STARLUNG_WORK_DIR:-$HOME/.local/share/starlung}
(cd "$source" && sha256sum --check --quiet SHA256SUMS) || {
    echo "$source: is damaged. Take another copy." >&2
    exit 3
}
if [ -d "$work" ] && [ -n "$(ls -A "$work")" ]; then
    echo "$work: is not empty. Move it away." >&2
    exit 2
fi
mkdir -p "$work"
if [ -f "$source/store.dump" ]; then
    : "${STARLUNG_STORE_URL:?"The copy is of PostgreSQL: set STARLUNG_STORE_URL to an empty database."}"
    pg_restore --exit-on-error --no-owner --single-transaction --dbname "$STARLUNG_STORE_URL" "$source/store.dump"
else
    cp "$source/store.sqlite" "$work/store.sqlite"
fi
tar --extract --gzip --file "$source/work.tar.gz" --directory "$work" --no-same-owner
echo "$work is back. Check it: starlung queue verify"
