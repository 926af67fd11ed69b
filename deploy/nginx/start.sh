#!/bin/sh
# Fills in nginx.conf from the environment and becomes nginx. As root it binds to ports and drops its rights; as another user it needs
# ports it may have.
#
#   EDGES                 edges as host:port, separated by spaces or commas
#   ORIGIN_HTTP           the origin's public listener, host:port
#   ORIGIN_RTMP           the origin's RTMP port, host:port; with rtmp.trustProxy
#   TLS_CERT_FILE, TLS_KEY_FILE
#   REGIONS_FILE          where viewers are: lines of nginx' geo, `203.0.113.0/24 eu;`; the regions are those of the edges
#   HTTP_PORT, HTTPS_PORT, RTMP_PORT, RTMPS_PORT   80, 443, 1935, 1936
#   CACHE_DIR, CACHE_SIZE, RUN_DIR, ACME_DIR, ACCESS_LOG, WORKERS, NGINX_USER
#
# `start.sh -t` only tests the configuration.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
: "${EDGES:?edges as host:port}" "${ORIGIN_HTTP:?the origin, host:port}" "${ORIGIN_RTMP:?the RTMP port of the origin, host:port}"
: "${TLS_CERT_FILE:?a certificate}" "${TLS_KEY_FILE:?the key of the certificate}"
HTTP_PORT=${HTTP_PORT:-80}
HTTPS_PORT=${HTTPS_PORT:-443}
RTMP_PORT=${RTMP_PORT:-1935}
RTMPS_PORT=${RTMPS_PORT:-1936}
RUN_DIR=${RUN_DIR:-/run/headwater-nginx}
CACHE_DIR=${CACHE_DIR:-/var/cache/headwater-nginx}
CACHE_SIZE=${CACHE_SIZE:-10g}
ACME_DIR=${ACME_DIR:-/var/www/acme}
ACCESS_LOG=${ACCESS_LOG:-/dev/stdout}
WORKERS=${WORKERS:-auto}
NGINX_USER=${NGINX_USER:-www-data}
NGINX=${NGINX_PATH:-nginx}

# Debian ships the stream module apart; other builds have it inside.
module=/usr/lib/nginx/modules/ngx_stream_module.so
MODULES=
[ ! -e "$module" ] || MODULES="load_module $module;"
IP6=
[ -s /proc/net/if_inet6 ] || IP6='# '

REGIONS=
[ -z "${REGIONS_FILE:-}" ] || REGIONS="include $REGIONS_FILE;"

# Two files a viewer.
ulimit -n "$(ulimit -H -n)"
mkdir -p "$RUN_DIR" "$CACHE_DIR"
# Left behind by one that was killed: nginx would not bind to them again.
rm -f "$RUN_DIR/https.sock" "$RUN_DIR/rtmps.sock"
for edge in $(echo "$EDGES" | tr ',' ' '); do
  # Two failures, and it is left alone for three seconds: its share goes to the next on the ring meanwhile.
  echo "server $edge max_fails=2 fail_timeout=3s;"
done > "$RUN_DIR/edges.conf"

script=
for name in MODULES NGINX_USER WORKERS RUN_DIR CACHE_DIR CACHE_SIZE ACME_DIR ACCESS_LOG IP6 HTTP_PORT HTTPS_PORT RTMP_PORT RTMPS_PORT \
  ORIGIN_HTTP ORIGIN_RTMP TLS_CERT_FILE TLS_KEY_FILE REGIONS; do
  eval "value=\$$name"
  case $value in *'|'* | *'
'*) echo "start.sh: $name: no | and no line break" >&2 && exit 1 ;; esac
  script="$script;s|\${$name}|$(printf %s "$value" | sed 's/[&\\]/\\&/g')|g"
done
sed "${script#;}" "$here/nginx.conf" > "$RUN_DIR/nginx.conf"
exec "$NGINX" -c "$RUN_DIR/nginx.conf" -e stderr -g 'daemon off;' "$@"
