# Reading and writing keys.
etcdctl put a 1
etcdctl put a 2 --prev-kv
etcdctl put b 'two words'
etcdctl put dir/x 1; etcdctl put dir/y 2; etcdctl put dir/z 3
printf 'from stdin' | etcdctl put c
etcdctl get a
etcdctl get a -w json
etcdctl get a -w fields
etcdctl get a -w simple
etcdctl get a --hex
etcdctl get a --print-value-only
etcdctl get missing
etcdctl get missing -w json
etcdctl get a c
etcdctl get dir/ --prefix
etcdctl get dir/ --prefix --keys-only
etcdctl get dir/ --prefix --write-out=fields
etcdctl get dir/ --prefix --limit=2 -w json
etcdctl get --from-key dir/y
etcdctl get '' --prefix --sort-by=KEY --order=DESCEND --keys-only
etcdctl get '' --prefix --sort-by=MODIFY --order=DESCEND --keys-only
etcdctl get '' --prefix --sort-by=CREATE --order=ASCEND --keys-only
etcdctl get '' --prefix --sort-by=VERSION --order=DESCEND --keys-only
etcdctl get '' --prefix --sort-by=VALUE --order=ASCEND
etcdctl get a --rev=2
etcdctl get a --rev=1
etcdctl get a --rev=1000
etcdctl get a --consistency=s
etcdctl get a --consistency=x
etcdctl get a --order=sideways
etcdctl put a
etcdctl put '' 1
etcdctl get ''
etcdctl put a 1 --lease=123456
etcdctl put a --ignore-value
etcdctl get a -w json
etcdctl put missing --ignore-value
etcdctl put missing 1 --ignore-lease
etcdctl put a 3 --ignore-lease
etcdctl del a --prev-kv
etcdctl del a
etcdctl del dir/x dir/z
etcdctl del dir/ --prefix --prev-kv
etcdctl put f1 1; etcdctl put f2 2
etcdctl del --from-key f1 -w json
etcdctl get '' --prefix -w json
etcdctl compaction 5
etcdctl get a --rev=4
etcdctl get a --rev=5
etcdctl compaction 5
etcdctl compaction 1000
etcdctl compact 8 --physical
etcdctl compaction x
etcdctl get dir/ --prefix --rev=8 -w json
