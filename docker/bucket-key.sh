#!/bin/sh
# Create the bucket and a service key limited to reading and writing in it. Can be run repeatedly.
set -eu
mc alias set store http://bucket:9000 bucket-owner "$ROOT_SECRET" >/dev/null
mc mb --ignore-existing store/spatialcore
mc admin policy create store cell-typing-service /bucket-policy.json
mc admin user add store "$SERVICE_KEY" "$SERVICE_SECRET" >/dev/null
mc admin policy attach store cell-typing-service --user "$SERVICE_KEY" || true # fails if already attached
