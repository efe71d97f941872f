#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# Run once by the database's image: the cloud's own role, which is no superuser, so that row
# security holds for it. It may make roles: those that callers and dashboards act as.
set -eu
psql -v ON_ERROR_STOP=1 -v password="$(cat /run/secrets/iskar_password)" -U postgres -d iskar <<'SQL'
create extension if not exists timescaledb;
create role iskar login createrole password :'password';
alter database iskar owner to iskar;
alter schema public owner to iskar;
SQL
