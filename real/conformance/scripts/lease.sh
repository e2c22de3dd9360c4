# Leases.
etcdctl lease grant 100
etcdctl lease list | wc -l
L=$(etcdctl lease grant 100 | cut -d' ' -f2)
etcdctl put a 1 --lease=$L
etcdctl get a -w json | sed 's/"lease":[0-9]*/"lease":L/'
etcdctl lease timetolive $L
etcdctl lease timetolive $L --keys
etcdctl lease timetolive $L --keys -w json | sed 's/"id":[0-9]*/"id":L/'
etcdctl lease keep-alive --once $L
lines 1 etcdctl lease keep-alive $L
etcdctl lease revoke $L
etcdctl get a
etcdctl lease revoke $L
etcdctl lease timetolive $L
etcdctl lease keep-alive --once $L
etcdctl put a 1 --lease=$L
etcdctl lease grant 0
etcdctl lease grant -- -5
etcdctl lease grant 9000000001
etcdctl lease grant x
etcdctl lease revoke zz
S=$(etcdctl lease grant 1 | cut -d' ' -f2)
etcdctl put short 1 --lease=$S
gone short
etcdctl get short
etcdctl lease timetolive $S
etcdctl put kept 1 --lease=$(etcdctl lease grant 100 | cut -d' ' -f2)
etcdctl put kept 2 --ignore-lease
etcdctl put kept 3
etcdctl get kept -w json
etcdctl lease list -w json | sed 's/"id":[0-9]*/"id":L/g'
