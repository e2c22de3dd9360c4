# Looking after a member.
etcdctl put a 1
etcdctl endpoint health
etcdctl endpoint health -w json
etcdctl endpoint status | sed 's/3\.[0-9]*\.[0-9]*/VERSION/; s/, [0-9]* kB/, SIZE/; s/, [0-9.]* MB/, SIZE/' | sort -t, -k5
etcdctl endpoint status -w table | sed 's/3\.[0-9]*\.[0-9]*/VERSION/' | tr -s ' -' | cut -d'|' -f2-4,6 | sort -t'|' -k4
etcdctl endpoint hashkv | cut -d, -f1
etcdctl endpoint hashkv --rev=2 | cut -d, -f1
etcdctl endpoint hashkv --rev=1000
etcdctl alarm list
etcdctl alarm disarm
etcdctl defrag
etcdctl defrag --cluster
etcdctl get a
etcdctl snapshot save $DIR/snap.db 2>&1 | tail -1
etcdctl move-leader 1234
ETCDCTL_ENDPOINTS=http://127.0.0.1:1 etcdctl endpoint health --dial-timeout=300ms --command-timeout=500ms 2>&1 | tail -1
ETCDCTL_ENDPOINTS=http://127.0.0.1:1 etcdctl get a --dial-timeout=300ms --command-timeout=500ms 2>&1 | tail -1
etcdctl version | grep API
etcdctl nonsense
etcdctl snapshot save
etcdctl check datascale --load=s --prefix=/scale 2>&1 | grep -c -E 'PASS|FAIL'
