#!/bin/sh
# Proves docker-compose.yml from nothing, without a registry: builds base images from Debian's packages, brings everything up, publishes
# and watches through nginx, and ends each service while somebody watches, by a crash and by `docker kill`. Needs root, and
#
#   apt-get install docker.io docker-compose debootstrap iptables iproute2    and, for what publishes and watches, what `npm test` installs
#
# A Docker that runs already is used; else one is started here and ended with this script. Grafana is not among Debian's packages and is
# left out; Prometheus, Redis and coturn are Debian's. Takes the ports of docker-compose.yml. Images stay in HEADWATER_TRY_DIR.
#
#   deploy/try-compose.sh [SERVICE,SERVICE,…]      only these are ended
#
# The exit code is 0 where every bar was met (tests/compose/outage.ts).
set -eu
cd "$(dirname "$0")/.."
project=headwater-try
base=headwater-try/base
state=${HEADWATER_TRY_DIR:-/var/tmp/headwater-try}
mkdir -p "$state"

say() { echo "try-compose: $*" >&2; }
compose() { docker-compose --project-name "$project" "$@"; }
. deploy/try-docker.sh

finish() {
  status=$?
  trap - EXIT INT TERM
  if docker info > /dev/null 2>&1; then compose down --volumes --timeout 5 > /dev/null 2>&1 || true; fi
  end_docker
  exit $status
}
trap finish EXIT
trap 'exit 130' INT TERM

for program in docker docker-compose debootstrap ffmpeg ip iptables openssl node; do
  command -v "$program" > /dev/null || { say "$program is missing"; exit 2; }
done

if ! docker info > /dev/null 2>&1; then
  say 'no Docker runs: starting one'
  start_docker "$state" 10.88.7.0/24 || { say 'no Docker'; exit 3; }
fi

if ! docker image inspect "$base" > /dev/null 2>&1; then
  say 'base image: debootstrap'
  root=$state/root
  rm -rf "$root"
  debootstrap --variant=minbase \
    --include=ca-certificates,ffmpeg,nginx-light,libnginx-mod-stream,redis-server,coturn,prometheus,libatomic1 bookworm "$root" > "$state/debootstrap.log"
  # This machine's Node and npm, and whom it trusts: packages are fetched while the image is built.
  node_home=$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")
  cp "$(readlink -f "$(command -v node)")" "$root/usr/local/bin/node"
  mkdir -p "$root/usr/local/lib/node_modules"
  cp -a "$node_home/lib/node_modules/npm" "$root/usr/local/lib/node_modules/"
  ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
  cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
  tar -C "$root" --exclude='./proc/*' --exclude='./sys/*' -c . | docker import \
    --change 'ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt' \
    --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' - "$base" > /dev/null
  rm -rf "$root"
fi
# The image that Prometheus' makers publish has an entry point and a folder of its own; the others are told which program to run.
printf 'FROM %s\nRUN install -d -o 65534 -g 65534 /prometheus\nENTRYPOINT ["prometheus"]\n' "$base" | DOCKER_BUILDKIT=0 docker build --quiet --tag headwater-try/prometheus - > /dev/null 2>&1

export NODE_IMAGE="$base" DEBIAN_IMAGE="$base" REDIS_IMAGE="$base" COTURN_IMAGE="$base" PROMETHEUS_IMAGE=headwater-try/prometheus
export NGINX_CACHE_SIZE=1g DOCKER_BUILDKIT=0 COMPOSE_DOCKER_CLI_BUILD=0
# Debian's coturn has no metrics.
export COTURN_OPTIONS=--no-rfc5780
NPM_REGISTRY=$(npm config get registry)
export NPM_REGISTRY
services='nginx origin transcoder shield-1 shield-2 edge-1 edge-2 redis coturn prometheus'
count=$(echo "$services" | wc -w)

deploy/make-env.sh localhost 127.0.0.1 >&2
began=$(date +%s%3N)
since() { echo "$((($(date +%s%3N) - began) / 1000)) s"; }
say 'building the images and bringing everything up'
# shellcheck disable=SC2086
compose up -d --build $services > "$state/up.log" 2>&1 || { tail -n 20 "$state/up.log" >&2; exit 5; }
say "built and started after $(since)"
ours() { docker ps --all --filter "label=com.docker.compose.project=$project" "$@"; }
healthy() { ours --filter health=healthy --quiet | wc -l; }
for _ in $(seq 120); do
  [ "$(healthy)" -eq "$count" ] && break
  sleep 1
done
[ "$(healthy)" -eq "$count" ] || { ours --format '{{.Names}} {{.Status}}' >&2; say 'not all are healthy'; exit 6; }
say "all healthy after $(since):"
ours --format '{{.Names}} {{.Status}}' >&2

say 'publishing, watching, ending each'
npx tsx tests/compose/kill-each.ts --project "$project" --services "${1:-}" --began "$began"
