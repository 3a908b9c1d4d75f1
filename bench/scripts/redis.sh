# redis.sh N: N requests of each kind to a server, which then saves in a child.
dir=$(mktemp -d) || exit 1
redis-server --port 0 --unixsocket $dir/s --dir $dir --save '' --daemonize no > /dev/null &
until redis-cli -s $dir/s ping > /dev/null 2>&1; do sleep 0.01; done
redis-benchmark -s $dir/s -q -n $1 -c 20 -P 4 -t set,get,lpush,lrange_100 > /dev/null
redis-cli -s $dir/s save
redis-cli -s $dir/s shutdown nosave
wait
rm -r $dir
