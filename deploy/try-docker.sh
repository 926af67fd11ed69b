# A Docker of one's own, for try-compose.sh, which reads this file: `start_docker FOLDER SUBNET` and `end_docker`. Nothing of it is left
# on the machine but what is in the folder.
docker_pid=
docker_subnet=

# Rules that name the pattern, in both tables Docker writes to.
forget_rules() {
  for table in nat filter; do
    iptables-save -t "$table" 2> /dev/null | grep -E -- "^-A .*($1)" | sed 's/^-A/-D/' | while read -r rule; do
      # shellcheck disable=SC2086
      eval iptables -t "$table" "$rule" || true
    done
  done
}

# A Docker that was killed leaves its bridge and its rules: a second way to the same addresses, by which nothing arrives.
remove_leftovers() {
  for bridge in $(ip -o -4 addr show to "$docker_subnet" | awk '{ print $2 }'); do
    case $bridge in br-*) ports=$(ls "/sys/class/net/$bridge/brif") ;; *) ports=$bridge ;; esac
    [ -z "$ports" ] || { say "$docker_subnet is in use by way of $bridge: does this docker-compose.yml run already?"; return 1; }
    say "removing $bridge, left behind by another Docker"
    ip link delete "$bridge"
    forget_rules "$bridge"
  done
}

start_docker() {
  folder=$1
  docker_subnet=$2
  remove_leftovers || return 1
  docker_forward=$(iptables -S FORWARD 2> /dev/null | head -n 1)
  export DOCKER_HOST="unix://$folder/docker.sock"
  dockerd --host "$DOCKER_HOST" --data-root "$folder/data" --exec-root "$folder/exec" --pidfile "$folder/dockerd.pid" > "$folder/dockerd.log" 2>&1 &
  docker_pid=$!
  for _ in $(seq 60); do
    docker info > /dev/null 2>&1 && return 0
    kill -0 "$docker_pid" 2> /dev/null || break
    sleep 1
  done
  tail -n 5 "$folder/dockerd.log" >&2
  return 1
}

end_docker() {
  [ -n "$docker_pid" ] || return 0
  kill "$docker_pid" 2> /dev/null || true
  wait "$docker_pid" 2> /dev/null || true
  # Its containers' default network, which it leaves mounted.
  umount "$folder"/exec/netns/* 2> /dev/null || true
  remove_leftovers || true
  ip link delete docker0 2> /dev/null || true
  forget_rules 'DOCKER|docker0'
  for table in nat filter; do
    for chain in $(iptables-save -t "$table" 2> /dev/null | sed -n 's/^:\(DOCKER[^ ]*\) .*/\1/p'); do iptables -t "$table" -X "$chain" || true; done
  done
  # It forwards for nobody but its own.
  eval iptables "$docker_forward"
}
