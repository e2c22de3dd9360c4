# Watching the past and the present.
etcdctl put a 1; etcdctl put a 2; etcdctl put dir/x 1; etcdctl del a; etcdctl put dir/y 2
lines 9 etcdctl watch a --rev=1
lines 10 etcdctl watch a --rev=2 --prev-kv
lines 6 etcdctl watch dir/ --prefix --rev=1
lines 1 etcdctl watch dir/ --prefix --rev=1 -w json
lines 6 etcdctl watch --rev=1 a dir/y
lines 6 etcdctl watch dir/ dir0 --rev=1 --hex
(sleep 0.5; etcdctl put live 1; etcdctl put live 2; etcdctl del live) >/dev/null & lines 11 etcdctl watch live --prev-kv; wait
(sleep 0.5; etcdctl put live 1; etcdctl put other 2) >/dev/null & (printf 'watch live\nwatch other\n'; sleep 3) | lines 6 etcdctl watch -i | sort; wait
lines 5 etcdctl watch a --rev=2 -w fields
lines 3 etcdctl watch a --rev=1 -- sh -c 'echo $ETCD_WATCH_EVENT_TYPE $ETCD_WATCH_KEY $ETCD_WATCH_VALUE'
etcdctl compaction 5
lines 1 etcdctl watch a --rev=2
