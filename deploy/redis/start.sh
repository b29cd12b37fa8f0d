#!/bin/sh
# Write the configuration, which holds the password, into memory, and become Redis.
set -eu
umask 077
cat >/run/redis/redis.conf <<CONFIGURATION
bind 0.0.0.0
requirepass $(cat /run/secrets/redis_password)
# tasks that wait in the queue outlive a restart
dir /var/lib/redis
appendonly yes
save ""
# a full queue is an error; it never forgets a task
maxmemory 128mb
maxmemory-policy noeviction
CONFIGURATION
exec redis-server /run/redis/redis.conf
