#!/bin/sh
# Make the bucket and a key for the service that may read and write in it and do nothing else. May be run again.
set -eu
mc alias set store http://bucket:9000 bucket-owner "$ROOT_SECRET" >/dev/null
mc mb --ignore-existing store/spatialcore
mc admin policy create store cell-typing-service /bucket-policy.json
mc admin user add store "$SERVICE_KEY" "$SERVICE_SECRET" >/dev/null
mc admin policy attach store cell-typing-service --user "$SERVICE_KEY" || true # it is attached already
