#!/bin/sh
# Makes what docker-compose.yml needs and git must not have: .env with secrets, deploy/headwater.yaml, and a certificate of one's own
# until there is a real one. What is there already stays.
#
#   deploy/make-env.sh HOST [IP]     the name viewers use, and this machine's public address
set -eu
[ $# -ge 1 ] || { sed -n '2,6s/^# \{0,1\}//p' "$0" && exit 2; }
host=$1
ip=${2:-127.0.0.1}
case $host$ip in *[!A-Za-z0-9.:-]*) echo "make-env.sh: a host name and an IP address, please" >&2 && exit 2 ;; esac
cd "$(dirname "$0")/.."
umask 077
secret() { openssl rand -hex 24; }

if [ ! -e .env ]; then
  cat > .env << END
PUBLIC_URL=https://$host
PUBLIC_IP=$ip
ADMIN_TOKEN=$(secret)
CLUSTER_SECRET=$(secret)
REDIS_PASSWORD=$(secret)
TURN_PASSWORD=$(secret)
GRAFANA_PASSWORD=$(secret)
END
  echo ".env: made"
fi
turn=$(sed -n 's/^TURN_PASSWORD=//p' .env)

if [ ! -e deploy/headwater.yaml ]; then
  cat > deploy/headwater.yaml << END
http: { trustProxy: true }
rtmp: { trustProxy: true }
cascade:
  iceServers:
    - urls: ['stun:$ip:3478', 'turn:$ip:3478?transport=udp', 'turn:$ip:3478?transport=tcp']
      username: headwater
      credential: $turn
END
  # Containers read it as users of their own.
  chmod 644 deploy/headwater.yaml
  echo "deploy/headwater.yaml: made"
fi

if [ ! -e deploy/tls/cert.pem ]; then
  mkdir -p deploy/tls
  chmod 755 deploy/tls
  case $host in *[!0-9.]*) names="DNS:$host,DNS:rtmps.$host" ;; *) names="IP:$host" ;; esac
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -subj "/CN=$host" -addext "subjectAltName=$names" \
    -keyout deploy/tls/key.pem -out deploy/tls/cert.pem 2> /dev/null
  chmod 644 deploy/tls/cert.pem
  # nginx runs as www-data (33) in its container.
  chown 33:33 deploy/tls/key.pem 2> /dev/null || chmod 644 deploy/tls/key.pem
  echo "deploy/tls: a certificate nobody else trusts; put a real one in its place (cert.pem, key.pem)"
fi
echo "Studio: $(sed -n 's/^PUBLIC_URL=//p' .env)/studio   sign in with ADMIN_TOKEN of .env"
