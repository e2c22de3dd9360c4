# Locks and elections.
etcdctl lock door -- echo held
etcdctl lock door -- sh -c 'exit 3'
lines 1 etcdctl lock door | sed 's|/.*|/LEASE|'
etcdctl lock door --ttl=5 -- sh -c 'etcdctl get door --prefix -w fields | grep Count'
etcdctl get door --prefix
(etcdctl lock door -- sh -c 'echo first; sleep 1; echo over') & sleep 0.4; etcdctl lock door -- echo second; wait
lines 2 etcdctl elect chair me | sed 's|/.*|/LEASE|'
(lines 2 etcdctl elect chair me) >/dev/null; lines 2 etcdctl elect chair you | sed 's|/.*|/LEASE|'
etcdctl elect -l chair x y
timeout 1 etcdctl elect -l chair
