#!/usr/bin/env bash
# Refreshes .sqlx, the prepared data against which all SQL is checked at compile time.
#
#   ./prepare-queries.sh           refreshes
#   ./prepare-queries.sh --check   changes nothing and fails if anything is out of date
#
# It needs no database: it starts a PostgreSQL of its own from the installed binaries and makes an
# SQLite file, both in a temporary folder that is gone afterwards.
set -euo pipefail
cd "$(dirname "$0")"

work=$(mktemp -d)
bin=$(dirname "$(command -v postgres || ls -d /usr/lib/postgresql/*/bin/postgres | sort -V | tail -n 1)")
as_owner=()
if [ "$(id -u)" = 0 ]; then
    # PostgreSQL refuses to run as root.
    as_owner=(setpriv --reuid=postgres --regid=postgres --clear-groups)
    chown postgres:postgres "$work"
fi
finish() {
    "${as_owner[@]}" "$bin/pg_ctl" --pgdata="$work/data" --mode=immediate stop >"$work/stop.log" 2>&1 || true
    rm -rf "$work"
}
trap finish EXIT

(
    cd "$work"
    "${as_owner[@]}" "$bin/initdb" --pgdata=data --username=glame --auth=trust --no-sync >initdb.log
    "${as_owner[@]}" "$bin/pg_ctl" --pgdata=data --log=postgres.log --wait start \
        --options="-c listen_addresses='' -c unix_socket_directories='$work' -c fsync=off" >start.log
)
for migration in migrations/postgres/*.sql; do
    psql --quiet --set=ON_ERROR_STOP=1 --host="$work" --username=glame --dbname=postgres --file="$migration"
done
for migration in migrations/sqlite/*.sql; do
    sqlite3 -bail "$work/glame.db" <"$migration"
done

# One `cargo check` for each driver: the macros speak to one kind of database at a time.
mkdir -p .sqlx "$work/.sqlx"
check() {
    find src -name '*.rs' -exec touch {} +
    SQLX_OFFLINE=false SQLX_OFFLINE_DIR="$work/.sqlx" GLAME_CHECK_DATABASE_URL="$2" \
        cargo check --quiet --no-default-features --features "$1"
}
check postgres "postgres://glame@localhost/postgres?host=$work"
check sqlite "sqlite:$work/glame.db"

if [ "${1:-}" = --check ]; then
    diff --recursive --brief .sqlx "$work/.sqlx" || {
        echo "glame-storage/.sqlx is out of date: run glame-storage/prepare-queries.sh" >&2
        exit 1
    }
    exit 0
fi
rm -f .sqlx/query-*.json
cp "$work"/.sqlx/query-*.json .sqlx/
