#!/bin/sh
# Whether Redis answers with the right password.
REDISCLI_AUTH=$(cat /run/secrets/redis_password) redis-cli ping | grep -qx PONG
